"""A one-dimensional convolutional recogniser with CTC loss, greedy decoding and bidirectional GRU."""

import itertools


def program(torch, nn, F, optim):
    torch.manual_seed(44)

    class Recogniser(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Sequential(nn.Conv1d(4, 8, 3, stride=2, padding=1), nn.BatchNorm1d(8), nn.Hardtanh(0, 20))
            self.gru = nn.GRU(8, 8, bidirectional=True)
            self.fc = nn.Linear(16, 5)

        def forward(self, x):
            x = self.conv(x).permute(2, 0, 1)
            x, _ = self.gru(x)
            return self.fc(x).log_softmax(2)

    model = Recogniser()
    criterion = nn.CTCLoss(blank=0, zero_infinity=True)
    optimizer = optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
    signal = torch.randn(3, 4, 24)
    targets = torch.tensor([1, 2, 3, 4, 4, 1, 2])
    target_lengths = torch.tensor([3, 2, 2])
    losses = []
    for _ in range(15):
        log_probs = model(signal)
        lengths = torch.full(size=(3,), fill_value=log_probs.size(0), dtype=torch.long)
        loss = criterion(log_probs, targets, lengths, target_lengths)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 10)
        optimizer.step()
        losses.append(loss.item())
    best = log_probs.argmax(2).t()
    print(log_probs.shape, [[k for k, _ in itertools.groupby(row.tolist()) if k] for row in best])
    return losses
