"""Image translation with cycle consistency: instance norm, reflection padding, two generators under one optimizer."""

import itertools

TOLERANCE = 1e-3  # two networks play against each other: rounding errors grow from step to step


def program(torch, nn, F, optim):
    torch.manual_seed(34)

    class ResidualBlock(nn.Module):
        def __init__(self, features):
            super().__init__()
            self.block = nn.Sequential(
                nn.ReflectionPad2d(1),
                nn.Conv2d(features, features, 3),
                nn.InstanceNorm2d(features, affine=True),
                nn.ReLU(inplace=True),
            )

        def forward(self, x):
            return x + self.block(x)

    def generator():
        return nn.Sequential(nn.Conv2d(1, 6, 3, padding=1), ResidualBlock(6), nn.Conv2d(6, 1, 1), nn.Tanh())

    def critic():
        return nn.Sequential(
            nn.Conv2d(1, 6, 4, 2, 1), nn.LeakyReLU(0.2, True), nn.ZeroPad2d((1, 0, 1, 0)), nn.Conv2d(6, 1, 3)
        )

    G_AB, G_BA, D_A, D_B = generator(), generator(), critic(), critic()
    print(G_AB)
    optimizer_G = optim.SGD(itertools.chain(G_AB.parameters(), G_BA.parameters()), lr=0.05)
    optimizer_D = optim.SGD([*D_A.parameters(), *D_B.parameters()], lr=0.05)
    adversarial, cycle = nn.MSELoss(), nn.L1Loss()
    curve = []
    for _ in range(10):
        real_A = torch.rand(2, 1, 8, 8) * 2 - 1
        real_B = F.avg_pool2d(torch.rand(2, 1, 8, 8), 3, stride=1, padding=1)
        fake_B, fake_A = G_AB(real_A), G_BA(real_B)
        valid = torch.ones_like(D_A(real_A))
        loss_gan = adversarial(D_B(fake_B), valid) + adversarial(D_A(fake_A), valid)
        loss_cycle = cycle(G_BA(fake_B), real_A) + cycle(G_AB(fake_A), real_B)
        loss_G = loss_gan + 5.0 * loss_cycle
        optimizer_G.zero_grad()
        loss_G.backward()
        optimizer_G.step()
        real = adversarial(D_A(real_A), valid) + adversarial(D_B(real_B), valid)
        fake = adversarial(D_A(fake_A.detach()), 0 * valid) + adversarial(D_B(fake_B.detach()), 0 * valid)
        loss_D = (real + fake) * 0.5
        optimizer_D.zero_grad()
        loss_D.backward()
        optimizer_D.step()
        curve += [loss_G.item(), loss_D.item()]
    print(valid.shape, fake_A.shape)
    return curve
