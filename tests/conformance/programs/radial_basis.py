"""A radial basis function layer of one's own, against an MLP, on a grid of two variables."""


def program(torch, nn, optim):
    torch.manual_seed(25)

    class RBF(nn.Module):
        def __init__(self, in_features, out_features, basis):
            super().__init__()
            self.in_features, self.out_features = in_features, out_features
            self.centres = nn.Parameter(torch.Tensor(out_features, in_features))
            self.log_sigmas = nn.Parameter(torch.Tensor(out_features))
            self.basis = basis
            self.reset_parameters()

        def reset_parameters(self):
            nn.init.normal_(self.centres, 0, 1)
            nn.init.constant_(self.log_sigmas, 0)

        def forward(self, input):
            size = (input.size(0), self.out_features, self.in_features)
            x = input.unsqueeze(1).expand(size)
            c = self.centres.unsqueeze(0).expand(size)
            distances = (x - c).pow(2).sum(-1).pow(0.5) / torch.exp(self.log_sigmas).unsqueeze(0)
            return self.basis(distances)

        def extra_repr(self):
            return f"{self.in_features}, {self.out_features}"

    def gaussian(alpha):
        return torch.exp(-1 * alpha.pow(2))

    def inverse_multiquadric(alpha):
        return torch.ones_like(alpha) / (torch.ones_like(alpha) + alpha.pow(2)).pow(0.5)

    X, Y = torch.meshgrid(torch.linspace(-1, 1, 9), torch.linspace(-1, 1, 9), indexing="xy")
    inputs = torch.stack((X.flatten(), Y.flatten()), dim=1)
    target = (torch.sin(3 * X) * torch.cos(2 * Y)).reshape(-1, 1)
    losses = []
    for basis in (gaussian, inverse_multiquadric):
        net = nn.Sequential(RBF(2, 12, basis), nn.Linear(12, 1))
        optimizer = optim.Adam(net.parameters(), lr=2e-2)
        print(net)
        for _ in range(20):
            loss = nn.MSELoss()(net(inputs), target)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    grid = net(inputs).view_as(X)
    print(grid.size(), torch.histc(inputs[:, 0], bins=3, min=-1, max=1), grid.t().is_contiguous())
    return losses
