"""Vector-quantised autoencoder: nearest codes, straight-through gradient, commitment loss, perplexity."""

from sklearn.datasets import load_digits


def program(torch, nn, F, optim):
    torch.manual_seed(37)
    x = torch.tensor(load_digits().images[:48]).float().unsqueeze(1) / 16

    class VectorQuantizer(nn.Module):
        def __init__(self, codes, dim, commitment):
            super().__init__()
            self.embedding = nn.Embedding(codes, dim)
            self.embedding.weight.data.uniform_(-1 / codes, 1 / codes)
            self.codes, self.commitment = codes, commitment

        def forward(self, inputs):
            inputs = inputs.permute(0, 2, 3, 1).contiguous()
            flat = inputs.view(-1, inputs.shape[-1])
            weight = self.embedding.weight
            distances = flat.pow(2).sum(1, keepdim=True) + (weight**2).sum(1) - 2 * torch.matmul(flat, weight.t())
            indices = torch.argmin(distances, dim=1).unsqueeze(1)
            encodings = torch.zeros(indices.shape[0], self.codes, device=inputs.device)
            encodings.scatter_(1, indices, 1)
            quantized = torch.matmul(encodings, weight).view(inputs.shape)
            loss = F.mse_loss(quantized, inputs.detach()) + self.commitment * F.mse_loss(quantized.detach(), inputs)
            quantized = inputs + (quantized - inputs).detach()
            average = torch.mean(encodings, dim=0)
            perplexity = torch.exp(-torch.sum(average * torch.log(average + 1e-10)))
            return loss, quantized.permute(0, 3, 1, 2).contiguous(), perplexity

    encoder = nn.Sequential(nn.Conv2d(1, 8, 4, 2, 1), nn.ReLU(), nn.Conv2d(8, 4, 1))
    decoder = nn.Sequential(nn.Conv2d(4, 16, 1), nn.ReLU(), nn.PixelShuffle(2), nn.Conv2d(4, 1, 3, padding=1))
    quantizer = VectorQuantizer(16, 4, 0.25)
    optimizer = optim.Adam([p for m in (encoder, quantizer, decoder) for p in m.parameters()], lr=5e-3, amsgrad=False)
    curve = []
    for _ in range(15):
        vq_loss, quantized, perplexity = quantizer(encoder(x))
        loss = F.mse_loss(decoder(quantized), x) / x.var() + vq_loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        curve += [loss.item(), perplexity.item()]
    print(quantized.shape, quantized.is_contiguous())
    return curve
