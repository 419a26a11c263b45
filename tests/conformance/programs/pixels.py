"""Autoregressive pixels: a masked convolution subclass of nn.Conv2d, and sampling pixel by pixel."""

from sklearn.datasets import load_digits


def program(torch, nn, F, optim):
    torch.manual_seed(35)
    images = (torch.tensor(load_digits().images[:32]).float() > 8).float().unsqueeze(1)

    class MaskedConv2d(nn.Conv2d):
        def __init__(self, mask_type, *args, **kwargs):
            super().__init__(*args, **kwargs)
            assert mask_type in {"A", "B"}
            self.register_buffer("mask", self.weight.data.clone())
            _, _, kH, kW = self.weight.size()
            self.mask.fill_(1)
            self.mask[:, :, kH // 2, kW // 2 + (mask_type == "B") :] = 0
            self.mask[:, :, kH // 2 + 1 :] = 0

        def forward(self, x):
            self.weight.data *= self.mask
            return super().forward(x)

    net = nn.Sequential(
        MaskedConv2d("A", 1, 8, 5, 1, 2),
        nn.ReLU(True),
        MaskedConv2d("B", 8, 8, 3, 1, 1),
        nn.ReLU(True),
        nn.Conv2d(8, 2, 1),
    )
    print(net)
    print(net[0].mask[0, 0], [name for name in net.state_dict()])
    optimizer = optim.Adam(net.parameters(), lr=1e-2)
    losses = []
    for _ in range(15):
        loss = F.cross_entropy(net(images), images[:, 0].long())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    sample = torch.zeros(2, 1, 4, 4)
    with torch.no_grad():
        for i in range(4):
            for j in range(4):
                probabilities = F.softmax(net(sample)[:, :, i, j], dim=1)
                sample[:, :, i, j] = torch.multinomial(probabilities, 1).float()
    print(sample)
    return losses
