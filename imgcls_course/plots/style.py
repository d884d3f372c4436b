"""Colours that readers with a colour vision deficiency can tell apart (Okabe and Ito, 2008)."""

BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY, YELLOW = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#D55E00",
    "#CC79A7",
    "#56B4E9",
    "#F0E442",
)
CYCLE = (BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY)
SIGNED = "PuOr"  # diverging: negative orange, zero white, positive purple
