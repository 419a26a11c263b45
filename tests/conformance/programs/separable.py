"""Depthwise separable convolutions with Dropout, Dropout2d and Hardswish: the same masks from the same seed."""

from sklearn.datasets import load_digits


def program(torch, nn, F, optim):
    torch.manual_seed(16)
    digits = load_digits()
    x = torch.tensor(digits.images[:64] / 16.0).float().unsqueeze(1)
    y = torch.tensor(digits.target[:64])

    class Separable(nn.Module):
        def __init__(self, size_in, size_out, stride=1):
            super().__init__()
            self.depthwise = nn.Conv2d(size_in, size_in, 3, stride=stride, padding="same" if stride == 1 else 1,
                                       groups=size_in)  # fmt: skip
            self.pointwise = nn.Conv2d(size_in, size_out, 1)

        def forward(self, x):
            return F.relu6(self.pointwise(self.depthwise(x)))

    net = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1, padding_mode="reflect"),
        nn.Hardswish(),
        Separable(8, 16),
        nn.Dropout2d(0.1),
        Separable(16, 16, stride=2),
        nn.AdaptiveMaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(p=0.3),
        nn.Linear(64, 10),
    )
    print(net)
    masks = F.dropout(torch.ones(4, 8), p=0.5, training=True)
    print(masks)
    optimizer = optim.Adam(net.parameters(), lr=1e-2)
    criterion = nn.CrossEntropyLoss(label_smoothing=0.1)
    losses = []
    for _ in range(20):
        loss = criterion(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    net.eval()
    with torch.no_grad():
        losses.append(criterion(net(x), y).item())
    return losses
