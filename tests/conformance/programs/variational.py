"""Variational autoencoder: reparameterisation with randn_like, BCE plus KL divergence."""

from sklearn.datasets import load_digits


def program(torch, nn, F, optim, data):
    torch.manual_seed(1)
    x = torch.from_numpy(load_digits().data[:200]).float() / 16

    class VAE(nn.Module):
        def __init__(self):
            super(VAE, self).__init__()  # noqa: UP008  (the spelling of the course)
            self.fc1 = nn.Linear(64, 32)
            self.fc21 = nn.Linear(32, 4)
            self.fc22 = nn.Linear(32, 4)
            self.fc3 = nn.Linear(4, 32)
            self.fc4 = nn.Linear(32, 64)

        def encode(self, x):
            h1 = F.relu(self.fc1(x))
            return self.fc21(h1), self.fc22(h1)

        def reparameterize(self, mu, logvar):
            std = torch.exp(0.5 * logvar)
            eps = torch.randn_like(std)
            return eps.mul(std).add_(mu)

        def decode(self, z):
            return torch.sigmoid(self.fc4(F.relu(self.fc3(z))))

        def forward(self, x):
            mu, logvar = self.encode(x.view(-1, 64))
            z = self.reparameterize(mu, logvar)
            return self.decode(z), mu, logvar

    def loss_function(recon_x, x, mu, logvar):
        bce = F.binary_cross_entropy(recon_x, x.view(-1, 64), reduction="sum")
        kld = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
        return bce + kld

    model = VAE()
    optimizer = optim.Adam(model.parameters(), lr=3e-3)
    loader = data.DataLoader(data.TensorDataset(x), batch_size=40, shuffle=True)
    losses = []
    for _ in range(8):
        for (batch,) in loader:
            recon, mu, logvar = model(batch)
            loss = loss_function(recon, batch, mu, logvar)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    with torch.no_grad():
        sample = model.decode(torch.randn(16, 4)).view(16, 1, 8, 8)
    print(sample.shape, mu.shape, len(loader))
    losses.append(sample.mean().item())
    return losses
