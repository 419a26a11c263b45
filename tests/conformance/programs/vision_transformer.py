"""Vision transformer on handwritten digits: unfold into patches, a class token, learned positions, pre-norm blocks."""

from sklearn.datasets import load_digits


def program(torch, nn, F, optim):
    torch.manual_seed(32)
    digits = load_digits()
    images = torch.tensor(digits.images[:64], dtype=torch.float32).unsqueeze(1) / 16
    labels = torch.tensor(digits.target[:64])

    class ViT(nn.Module):
        def __init__(self, dim=16, patch=2, depth=2):
            super().__init__()
            self.patch = patch
            self.embed = nn.Linear(patch * patch, dim)
            self.cls_token = nn.Parameter(torch.zeros(1, 1, dim))
            self.positions = nn.Parameter(torch.randn(1, 17, dim) * 0.02)
            nn.init.trunc_normal_(self.cls_token, std=0.02)
            layer = nn.TransformerEncoderLayer(
                d_model=dim,
                nhead=4,
                dim_feedforward=32,
                dropout=0.0,
                activation="gelu",
                batch_first=True,
                norm_first=True,
            )
            self.blocks = nn.TransformerEncoder(layer, depth, norm=nn.LayerNorm(dim), enable_nested_tensor=False)
            self.head = nn.Linear(dim, 10)

        def forward(self, x):
            p = self.patch
            patches = x.unfold(2, p, p).unfold(3, p, p).permute(0, 2, 3, 1, 4, 5).flatten(3).flatten(1, 2)
            assert torch.equal(patches, F.unfold(x, p, stride=p).transpose(1, 2))
            tokens = torch.cat([self.cls_token.expand(x.size(0), -1, -1), self.embed(patches)], dim=1)
            return self.head(self.blocks(tokens + self.positions)[:, 0])

    model = ViT()
    print(model)
    print(sum(p.numel() for p in model.parameters()))
    optimizer = optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.05)
    warmup = optim.lr_scheduler.LinearLR(optimizer, start_factor=0.1, total_iters=5)
    cosine = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=15)
    scheduler = optim.lr_scheduler.SequentialLR(optimizer, [warmup, cosine], milestones=[5])
    losses = []
    for _ in range(15):
        loss = F.cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
        losses += [loss.item(), scheduler.get_last_lr()[0]]
    top = model(images).softmax(-1).topk(3, dim=-1)
    print(top.values.shape, top.indices.shape)
    return losses
