"""Real Sam, the book that spikes: a spiking language model, built from one neuron up.

Each module holds one idea; the notebooks introduce them in order. See the book's landing page.
"""

__version__ = "0.1.0"
