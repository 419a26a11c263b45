"""Denoising convolutional autoencoder with transposed convolutions."""

from sklearn.datasets import load_digits


def program(torch, nn, optim):
    torch.manual_seed(5)
    images = torch.tensor(load_digits().images[:48] / 16.0, dtype=torch.float).unsqueeze(1)

    model = nn.Sequential(
        nn.Conv2d(1, 8, 3, stride=2, padding=1),
        nn.ReLU(True),
        nn.Conv2d(8, 4, 3, stride=2, padding=1),
        nn.ReLU(True),
        nn.ConvTranspose2d(4, 8, 3, stride=2, padding=1, output_padding=1, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(True),
        nn.ConvTranspose2d(8, 1, kernel_size=2, stride=2),
        nn.Sigmoid(),
    )
    print(model)
    x = images
    for layer in model:
        x = layer(x)
        print(layer.__class__.__name__, tuple(x.shape))
    optimizer = optim.Adam(model.parameters(), lr=1e-2)
    criterion = nn.BCELoss()
    losses = []
    for _ in range(25):
        noisy = (images + 0.5 * torch.randn(*images.shape)).clamp(0.0, 1.0)
        loss = criterion(model(noisy), images)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item() * images.size(0))
    return losses
