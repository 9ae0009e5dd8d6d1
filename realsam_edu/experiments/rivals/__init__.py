"""Who Sam is compared with: networks that all follow Sam's contract.

`model(tokens, targets, state) -> Output`, `model.step(token, state)`, `model.zero_state(batch)`, a
frozen `config`, and `model.multiply_adds()` per token. Nobody but Sam fires in the LSTM and the
transformer, so their `Output.rates` is empty.
"""

from .gpt import GPTConfig, GPTModel, gpt_of_equal_parameters
from .lstm import LSTMConfig, LSTMModel, lstm_of_equal_parameters, lstm_of_equal_width
from .other_neurons import NorsePopulation, SpikingJellyPopulation, with_neurons
from .size import count_parameters
from .snntorch import SnnTorchV1, SnnTorchV4
