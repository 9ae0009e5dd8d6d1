"""The rival: an LSTM in the place of the spiking blocks, all else alike.

As large as the tagger, with the same input neurons, the same readout, the same training. It reads
in both directions, as its kind does (Graves and Schmidhuber 2005,
doi 10.1016/j.neunet.2005.06.042).
"""

from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from .tagger import PieceEncoder, TaggerConfig, TagReadout, Tags, tag_loss

LAYERS = 2


def cells(config: TaggerConfig) -> int:
    """Return how many cells per layer and direction make it as large as the spiking tagger."""
    width, wanted = config.hidden, 3 * config.depth * config.hidden**2  # weights of the blocks

    def weights(n: int) -> int:
        return 8 * n * (width + n) + (LAYERS - 1) * 8 * n * 3 * n + 2 * n * width

    return min(range(8, 4096, 8), key=lambda n: abs(weights(n) - wanted))


class LSTMTagger(nn.Module):
    """An LSTM that reads in both directions; `forward` is called as `tagger.Tagger`'s."""

    kind = "lstm"

    def __init__(self, config: TaggerConfig):
        super().__init__()
        self.config, size = config, cells(config)
        self.encoder = PieceEncoder(config.rows, config.hidden)
        self.lstm = nn.LSTM(
            config.hidden, size, LAYERS, bidirectional=True, dropout=config.dropout
        )  # fmt: skip
        self.out = nn.Linear(2 * size, config.hidden, bias=False)
        self.readout = TagReadout(config.hidden, config.tags)

    def forward(self, fired, lengths, targets=None) -> Tags:
        """Read whole texts; nobody spikes, so there are no rates."""
        x = self.encoder(fired)  # (T, B, N)
        packed = pack_padded_sequence(x, lengths.cpu(), enforce_sorted=False)
        h, _ = pad_packed_sequence(self.lstm(packed)[0], total_length=len(x))  # (T, B, 2 · cells)
        logits = self.readout(x + self.out(h)).transpose(0, 1)  # (B, T, K)
        return Tags(logits, tag_loss(logits, targets), [], [])
