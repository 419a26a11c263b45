"""DCGAN-like generative adversarial network: two optimizers, detach, label smoothing, init by Module.apply."""

from sklearn.datasets import load_digits

TOLERANCE = 1e-3  # two networks play against each other: rounding errors grow from step to step


def program(torch, nn, optim):
    torch.manual_seed(999)
    real = torch.tensor(load_digits().images[:32], dtype=torch.float32).unsqueeze(1) / 8 - 1
    latent = 10

    def weights_init(m):
        classname = m.__class__.__name__
        if classname.find("Conv") != -1:
            nn.init.normal_(m.weight.data, 0.0, 0.02)
        elif classname.find("BatchNorm") != -1:
            nn.init.normal_(m.weight.data, 1.0, 0.02)
            nn.init.constant_(m.bias.data, 0)

    generator = nn.Sequential(
        nn.ConvTranspose2d(latent, 16, 2, 1, 0, bias=False),
        nn.BatchNorm2d(16),
        nn.ReLU(True),
        nn.ConvTranspose2d(16, 8, 4, 2, 1, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(True),
        nn.ConvTranspose2d(8, 1, 4, 2, 1, bias=False),
        nn.Tanh(),
    )
    discriminator = nn.Sequential(
        nn.Conv2d(1, 8, 4, 2, 1, bias=False),
        nn.LeakyReLU(0.2, inplace=True),
        nn.Conv2d(8, 16, 4, 2, 1, bias=False),
        nn.BatchNorm2d(16),
        nn.LeakyReLU(0.2, inplace=True),
        nn.Conv2d(16, 1, 2, 1, 0, bias=False),
        nn.Sigmoid(),
    )
    generator.apply(weights_init)
    discriminator.apply(weights_init)
    print(generator, discriminator)
    criterion = nn.BCELoss()
    d_optimizer = optim.Adam(discriminator.parameters(), lr=0.002, betas=(0.5, 0.999))
    g_optimizer = optim.Adam(generator.parameters(), lr=0.002, betas=(0.5, 0.999))
    curve = []
    for _ in range(12):
        discriminator.zero_grad()
        label = torch.full((32,), 0.9, dtype=torch.float)
        d_real = criterion(discriminator(real).view(-1), label)
        d_real.backward()
        fake = generator(torch.randn(32, latent, 1, 1))
        label.fill_(0.0)
        d_fake = criterion(discriminator(fake.detach()).view(-1), label)
        d_fake.backward()
        d_optimizer.step()

        generator.zero_grad()
        label.fill_(1.0)
        g_loss = criterion(discriminator(fake).view(-1), label)
        g_loss.backward()
        g_optimizer.step()
        curve += [(d_real + d_fake).item(), g_loss.item(), fake.mean().item()]
    print(fake.shape)
    return curve
