"""An extension of Jupyter's server that needs to be imported and nothing more.

Kernels inherit the environment of the server, so what `imgcls_course` sets when it is imported is in force for a
notebook whose first line is `import torch`.
"""


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": __name__}]


def _load_jupyter_server_extension(server) -> None:
    """Be loaded by Jupyter's server; the import has done what there is to do."""
