"""Multi-head attention written with einsum, against nn.MultiheadAttention and scaled_dot_product_attention."""


def program(torch, nn, F, optim):
    torch.manual_seed(30)

    class SelfAttention(nn.Module):
        def __init__(self, embed_size, heads):
            super().__init__()
            self.heads, self.head_dim = heads, embed_size // heads
            self.values = nn.Linear(embed_size, embed_size)
            self.keys = nn.Linear(embed_size, embed_size)
            self.queries = nn.Linear(embed_size, embed_size)
            self.fc_out = nn.Linear(embed_size, embed_size)

        def forward(self, values, keys, query, mask):
            N, length = query.shape[:2]
            values = self.values(values).reshape(N, -1, self.heads, self.head_dim)
            keys = self.keys(keys).reshape(N, -1, self.heads, self.head_dim)
            queries = self.queries(query).reshape(N, length, self.heads, self.head_dim)
            energy = torch.einsum("nqhd,nkhd->nhqk", [queries, keys])
            if mask is not None:
                energy = energy.masked_fill(mask == 0, float("-1e20"))
            attention = torch.softmax(energy / self.head_dim**0.5, dim=3)
            out = torch.einsum("nhql,nlhd->nqhd", [attention, values]).reshape(N, length, -1)
            return self.fc_out(out), attention

    ours, theirs = SelfAttention(12, 3), nn.MultiheadAttention(12, 3, batch_first=True)
    norm = nn.RMSNorm(12)
    mask = torch.tril(torch.ones(7, 7)).expand(4, 1, 7, 7)
    optimizer = optim.Adam([*ours.parameters(), *theirs.parameters(), *norm.parameters()], lr=1e-2)
    losses = []
    for _ in range(20):
        x = torch.randn(4, 7, 12)
        target = torch.cumsum(x, dim=1) / torch.arange(1, 8).view(1, -1, 1)
        y, attention = ours(x, x, x, mask)
        z, weights = theirs(norm(y), x, x, attn_mask=mask[0, 0] == 0, need_weights=True)
        loss = F.smooth_l1_loss(z, target) + F.mse_loss(y, target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    print(attention.shape, weights.shape, attention.sum(-1).allclose(torch.ones(4, 3, 7)))
    q, k, v = ours.queries(x), ours.keys(x), ours.values(x)
    q, k, v = (t.view(4, 7, 3, 4).transpose(1, 2) for t in (q, k, v))
    fused = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(2)
    print(torch.allclose(ours.fc_out(fused), ours(x, x, x, mask)[0], atol=1e-5))
    return losses
