"""Recurrent layers, by PyTorch's path ``torch.nn.modules.rnn``."""

from ..recurrent import GRU as GRU
from ..recurrent import LSTM as LSTM
from ..recurrent import RNN as RNN
from ..recurrent import GRUCell as GRUCell
from ..recurrent import LSTMCell as LSTMCell
from ..recurrent import RNNBase as RNNBase
from ..recurrent import RNNCell as RNNCell
from ..recurrent import RNNCellBase as RNNCellBase
