"""Forecast of a sine wave with LSTMCells, then nn.LSTM with a carried, detached state (truncated backpropagation)."""

import math

import numpy as np


def program(torch, nn, optim):
    np.random.seed(2)
    torch.manual_seed(31)
    waves = np.sin((np.arange(40) + np.random.randint(-80, 80, 6).reshape(6, 1)) / 5.0).astype("float64")
    data = torch.from_numpy(waves)

    class Sequence(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm1 = nn.LSTMCell(1, 9)
            self.lstm2 = nn.LSTMCell(9, 9)
            self.linear = nn.Linear(9, 1)

        def forward(self, input, future=0):
            outputs = []
            h_t, c_t, h_t2, c_t2 = (torch.zeros(input.size(0), 9, dtype=torch.double) for _ in range(4))
            for input_t in input.split(1, dim=1):
                h_t, c_t = self.lstm1(input_t, (h_t, c_t))
                h_t2, c_t2 = self.lstm2(h_t, (h_t2, c_t2))
                output = self.linear(h_t2)
                outputs += [output]
            for _ in range(future):
                h_t, c_t = self.lstm1(output, (h_t, c_t))
                h_t2, c_t2 = self.lstm2(h_t, (h_t2, c_t2))
                output = self.linear(h_t2)
                outputs += [output]
            return torch.cat(outputs, dim=1)

    seq = Sequence().double()
    criterion = nn.MSELoss()
    optimizer = optim.Rprop(seq.parameters(), lr=0.01)
    losses = []
    for _ in range(6):
        optimizer.zero_grad()
        loss = criterion(seq(data[:, :-1]), data[:, 1:])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    with torch.no_grad():
        prediction = seq(data[:3, :-1], future=5)
    print(prediction.shape, prediction.dtype, prediction.detach().numpy().dtype)

    lstm, head = nn.LSTM(1, 12, 2, proj_size=5), nn.Linear(5, 1)
    optimizer = optim.Adadelta([*lstm.parameters(), *head.parameters()], lr=1.0)
    series = torch.sin(torch.arange(121) * (2 * math.pi / 20))
    state = None
    for start in range(0, 120, 10):
        x = series[start : start + 10].view(10, 1, 1)
        out, state = lstm(x, state)
        state = tuple(s.detach() for s in state)
        loss = (head(out).squeeze() - series[start + 1 : start + 11]).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    print(out.shape, [s.shape for s in state])
    return losses
