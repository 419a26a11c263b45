"""Denoising diffusion on a spiral: closed-form noising, sinusoidal time embedding, ancestral sampling."""

import math


def program(torch, nn, F, optim):
    torch.manual_seed(14)
    T = 50
    betas = torch.linspace(1e-4, 0.05, T)
    alphas = 1.0 - betas
    alphas_cumprod = torch.cumprod(alphas, axis=0)
    previous = F.pad(alphas_cumprod[:-1], (1, 0), value=1.0)
    posterior_variance = betas * (1.0 - previous) / (1.0 - alphas_cumprod)

    def extract(values, t, shape):
        return values.gather(-1, t).reshape(t.shape[0], *((1,) * (len(shape) - 1)))

    def q_sample(x_start, t, noise):
        a = extract(torch.sqrt(alphas_cumprod), t, x_start.shape)
        b = extract(torch.sqrt(1.0 - alphas_cumprod), t, x_start.shape)
        return a * x_start + b * noise

    class TimeEmbedding(nn.Module):
        def __init__(self, dim):
            super().__init__()
            self.dim = dim

        def forward(self, time):
            half = self.dim // 2
            scale = math.log(10000) / (half - 1)
            frequencies = torch.exp(torch.arange(half, device=time.device) * -scale)
            angles = time[:, None] * frequencies[None, :]
            return torch.cat((angles.sin(), angles.cos()), dim=-1)

    class Denoiser(nn.Module):
        def __init__(self):
            super().__init__()
            self.time = nn.Sequential(TimeEmbedding(16), nn.Linear(16, 32), nn.SiLU())
            self.inner, self.outer = nn.Linear(2, 32), nn.Linear(32, 2)
            self.norm = nn.GroupNorm(4, 32)

        def forward(self, x, t):
            return self.outer(F.silu(self.norm(self.inner(x) + self.time(t))))

    model = Denoiser()
    print(model)
    optimizer = optim.AdamW(model.parameters(), lr=3e-3)
    losses = []
    for _ in range(30):
        r = torch.rand(64)
        x = torch.stack([r * torch.cos(6 * r), r * torch.sin(6 * r)], dim=1)
        t = torch.randint(0, T, (64,)).long()
        noise = torch.randn_like(x)
        loss = F.smooth_l1_loss(model(q_sample(x, t, noise), t), noise)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())

    @torch.no_grad()
    def p_sample(x, i):
        t = torch.full((x.size(0),), i, dtype=torch.long)
        noise = extract(betas / torch.sqrt(1.0 - alphas_cumprod), t, x.shape) * model(x, t)
        mean = extract(torch.sqrt(1.0 / alphas), t, x.shape) * (x - noise)
        if i == 0:
            return mean
        return mean + torch.sqrt(extract(posterior_variance, t, x.shape)) * torch.randn_like(x)

    x = torch.randn(8, 2)
    for i in reversed(range(T)):
        x = p_sample(x, i)
    print(x.shape, posterior_variance[0])
    return losses + x.flatten().abs().tolist()
