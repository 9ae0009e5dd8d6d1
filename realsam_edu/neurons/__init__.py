"""One neuron, one layer, and the same loop faster (notebooks 01, 02, 04)."""

from .layer import RecurrentLIF
from .lif import LIFState, detach_state, lif_step, rlif_step, zero_state
from .scan import forced_scan, lif_scan, reference_scan
from .scan_fused import fused_scan
from .scan_triton import triton_scan, why_not_triton
from .surrogate import SLOPE, spike, surrogate_grad
