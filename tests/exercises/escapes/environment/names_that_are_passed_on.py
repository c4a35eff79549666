"""Looks for more of the environment than a submission needs: keys, agents, sessions, histories."""

import os

needed = (
    "PATH",
    "HOME",
    "TMPDIR",
    "LANG",
    "LC_",
    "TZ",
    "KERAS",
    "PYTHON",
    "OMP_",
    "OPENBLAS",
    "MKL_",
    "MALLOC_",
    "CUDA_VISIBLE",
    "NPROC",
    "XLA_",
    "JAX_",
    "TF_",
    "TF2_BEHAVIOR",  # this and the next two: set by TensorFlow and h5py
    "ENABLE_RUNTIME_UPTIME_TELEMETRY",
    "HDF5_PLUGIN_PATH",
    "TORCH",
    "MULTIBACKEND_",
    "VIRTUAL_ENV",
    "CONDA_PREFIX",
    "LD_LIBRARY_PATH",
    "XDG_CACHE",
    "MPL",
    "NUMEXPR",
    "ENABLE_ONEDNN",
    "PYTORCH",
    "KMP_",
    "GRPC",
    "TPU",
    "CUBLAS",
    "NVIDIA",
    "ABSL",
)
more = {name: value for name, value in os.environ.items() if not name.startswith(needed)}
if more:
    raise ValueError("@REACHED@", sorted(more))
