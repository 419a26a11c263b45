"""Graph convolution with a dense normalised adjacency matrix on two communities; masks for training and testing."""

import math


def program(torch, nn, F, optim):
    torch.manual_seed(4)
    nodes = 24
    labels = (torch.arange(nodes) >= nodes // 2).long()
    same = labels.unsqueeze(0) == labels.unsqueeze(1)
    adjacency = torch.bernoulli(torch.where(same, torch.tensor(0.4), torch.tensor(0.05))).triu(1)
    adjacency = adjacency + adjacency.t() + torch.eye(nodes)
    degree = adjacency.sum(1).pow(-0.5)
    degree[torch.isinf(degree)] = 0.0
    laplacian = torch.diag(degree).mm(adjacency).mm(torch.diag(degree))
    print(int(adjacency.sum()), adjacency.nonzero().shape)

    class GraphConvolution(nn.Module):
        def __init__(self, in_features, out_features, bias=True):
            super().__init__()
            self.in_features, self.out_features = in_features, out_features
            self.weight = nn.Parameter(torch.FloatTensor(in_features, out_features))
            if bias:
                self.bias = nn.Parameter(torch.FloatTensor(out_features))
            else:
                self.register_parameter("bias", None)
            self.reset_parameters()

        def reset_parameters(self):
            stdv = 1.0 / math.sqrt(self.weight.size(1))
            self.weight.data.uniform_(-stdv, stdv)
            if self.bias is not None:
                self.bias.data.uniform_(-stdv, stdv)

        def forward(self, input, adj):
            output = torch.mm(adj, torch.mm(input, self.weight))
            return output if self.bias is None else output + self.bias

        def __repr__(self):
            return f"{self.__class__.__name__} ({self.in_features} -> {self.out_features})"

    class GCN(nn.Module):
        def __init__(self):
            super().__init__()
            self.gc1 = GraphConvolution(nodes, 8)
            self.gc2 = GraphConvolution(8, 2, bias=False)

        def forward(self, x, adj):
            return F.log_softmax(self.gc2(F.relu(self.gc1(x, adj)), adj), dim=1)

    model = GCN()
    print(model)
    optimizer = optim.Adam(model.parameters(), lr=0.02, weight_decay=5e-4)
    idx_train = torch.tensor([0, 3, nodes - 1, nodes - 5])
    x = torch.eye(nodes)
    losses = []
    for _ in range(30):
        output = model(x, laplacian)
        loss = F.nll_loss(output[idx_train], labels[idx_train])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    preds = output.max(1)[1].type_as(labels)
    print(preds.eq(labels).double().sum())
    return losses
