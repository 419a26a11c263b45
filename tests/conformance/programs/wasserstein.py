"""Wasserstein GAN with gradient penalty: autograd.grad with create_graph."""


def program(torch, nn, optim, autograd):
    torch.manual_seed(2)
    generator = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 2))
    critic = nn.Sequential(nn.Linear(2, 16), nn.LeakyReLU(0.2), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 1))
    optimizer_g = optim.RMSprop(generator.parameters(), lr=1e-3)
    optimizer_d = optim.Adam(critic.parameters(), lr=1e-3, betas=(0.5, 0.9))

    def gradient_penalty(real, fake):
        alpha = torch.rand(real.size(0), 1).expand_as(real)
        between = (alpha * real + (1 - alpha) * fake).requires_grad_(True)
        scores = critic(between)
        gradients = autograd.grad(
            outputs=scores,
            inputs=between,
            grad_outputs=torch.ones_like(scores),
            create_graph=True,
            retain_graph=True,
            only_inputs=True,
        )[0]
        return ((gradients.norm(2, dim=1) - 1) ** 2).mean()

    curve = []
    for step in range(25):
        angle = torch.rand(64) * 2 * torch.pi
        real = torch.stack([angle.cos(), angle.sin()], dim=1)
        fake = generator(torch.randn(64, 4)).detach()
        penalty = gradient_penalty(real, fake)
        d_loss = critic(fake).mean() - critic(real).mean() + 10 * penalty
        optimizer_d.zero_grad()
        d_loss.backward()
        optimizer_d.step()
        curve += [d_loss.item(), penalty.item()]
        if step % 5 == 4:
            for parameter in critic.parameters():
                parameter.requires_grad = False
            g_loss = -critic(generator(torch.randn(64, 4))).mean()
            optimizer_g.zero_grad()
            g_loss.backward()
            optimizer_g.step()
            for parameter in critic.parameters():
                parameter.requires_grad = True
            curve.append(g_loss.item())
    print(real.shape, fake.shape, fake.requires_grad)
    return curve
