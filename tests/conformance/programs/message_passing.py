"""Message passing over an edge list: index_add, scatter_add, softmax over neighbours, mean pooling."""


def program(torch, nn, F, optim):
    torch.manual_seed(6)
    nodes, edges = 20, 60
    source, target = torch.randint(nodes, (2, edges)).unbind(0)
    batch = torch.arange(nodes) // 5
    x = torch.randn(nodes, 4)
    y = torch.zeros(4).index_add(0, batch, x[:, 0]).gt(0).float()

    class Attention(nn.Module):
        def __init__(self, size_in, size_out):
            super().__init__()
            self.lin = nn.Linear(size_in, size_out)
            self.att = nn.Linear(2 * size_out, 1, bias=False)

        def forward(self, x):
            h = self.lin(x)
            score = F.leaky_relu(self.att(torch.cat([h[source], h[target]], dim=-1)), 0.2).squeeze(-1)
            score = (score - score.max()).exp()
            total = torch.zeros(nodes).scatter_add(0, target, score)
            alpha = score / (total[target] + 1e-9)
            out = torch.zeros(nodes, h.size(1))
            out.index_add_(0, target, alpha.unsqueeze(1) * h[source])
            return out + h, alpha

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.ModuleList([Attention(4, 8), Attention(8, 8)])
            self.readout = nn.Linear(8, 1)

        def forward(self, x):
            for layer in self.layers:
                x, alpha = layer(x)
                x = F.elu(x)
            index = batch.view(-1, 1).expand(-1, x.size(1))
            pooled = torch.zeros(4, x.size(1)).scatter_add_(0, index, x)
            pooled = pooled / torch.bincount(batch).unsqueeze(1)
            return self.readout(pooled).view(-1), alpha

    net = Net()
    optimizer = optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    losses = []
    for _ in range(25):
        out, alpha = net(x)
        loss = F.binary_cross_entropy_with_logits(out, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    incoming = torch.zeros(nodes).scatter_add_(0, target, alpha.detach())
    print(out.shape, alpha.shape, incoming.unique().numel() <= nodes, torch.bincount(target, minlength=nodes))
    return losses
