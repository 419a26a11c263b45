"""Autoencoder on handwritten digits, with tied shapes and a two-number code."""

from sklearn.datasets import load_digits


def program(torch, nn, optim):
    torch.manual_seed(0)
    x = torch.from_numpy(load_digits().data[:128] / 16.0).float()

    class AutoEncoder(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = nn.Sequential(
                nn.Linear(64, 32), nn.Tanh(), nn.Linear(32, 12), nn.LeakyReLU(0.2, inplace=True), nn.Linear(12, 2)
            )
            self.decoder = nn.Sequential(nn.Linear(2, 12), nn.ELU(), nn.Linear(12, 64), nn.Sigmoid())

        def forward(self, x):
            encoded = self.encoder(x)
            return encoded, self.decoder(encoded)

    model = AutoEncoder()
    optimizer = optim.Adam(model.parameters(), lr=0.005, weight_decay=1e-5)
    criterion = nn.MSELoss(reduction="mean")
    losses = []
    for _ in range(40):
        encoded, decoded = model(x)
        loss = criterion(decoded, x)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.data.item())
    print(encoded.shape, decoded.shape, decoded.requires_grad, encoded.grad_fn is not None)
    print(decoded.view(-1, 8, 8)[0].detach().numpy().shape)
    return losses
