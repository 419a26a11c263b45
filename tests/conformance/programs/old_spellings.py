"""A script in the spelling of PyTorch 0.2: Variable, FloatTensor, .data, init without underscore, size_average."""


def program(torch, nn, F, optim, autograd):
    Variable = autograd.Variable
    torch.manual_seed(27)
    cuda = torch.cuda.is_available() and False
    dtype = torch.cuda.FloatTensor if cuda else torch.FloatTensor
    x = Variable(torch.randn(32, 10).type(dtype), requires_grad=False)
    y = Variable(torch.randn(32, 3).type(dtype))
    labels = Variable(torch.LongTensor(32).random_(0, 3))
    w1 = Variable(torch.randn(10, 8).type(dtype), requires_grad=True)
    w2 = Variable(torch.randn(8, 3).type(dtype), requires_grad=True)
    curve = []
    for _ in range(15):
        loss = (x.mm(w1).clamp(min=0).mm(w2) - y).pow(2).sum()
        curve.append(loss.data.item())
        if w1.grad is not None:
            w1.grad.data.zero_()
            w2.grad.data.zero_()
        loss.backward()
        w1.data -= 1e-4 * w1.grad.data
        w2.data -= 1e-4 * w2.grad.data

    class Net(torch.nn.Module):
        def __init__(self):
            super(Net, self).__init__()  # noqa: UP008  (the spelling of the course)
            self.hidden = torch.nn.Linear(10, 8)
            self.add_module("predict", torch.nn.Linear(8, 3))
            nn.init.xavier_normal(self.hidden.weight)
            nn.init.constant(self.predict.bias, 0.1)
            nn.init.kaiming_normal(self.predict.weight)

        def forward(self, x):
            return self.predict(F.dropout(F.tanh(self.hidden(x)), training=False))

    net = Net()
    print(net, x.size(), type(x.data).__name__, x.data.type(), labels.data.type())
    optimizer = optim.SGD(net.parameters(), lr=0.1)
    criterion = nn.CrossEntropyLoss(size_average=False)
    for _ in range(15):
        output = net(x)
        loss = criterion(output, labels) / 32 + F.mse_loss(F.sigmoid(output), F.softmax(y, dim=1), size_average=True)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm(net.parameters(), 5)
        optimizer.step()
        curve.append(float(loss.data))
    prediction = torch.max(output, 1)[1]
    print(prediction.data.numpy().squeeze().shape, (prediction.data == labels.data).sum() >= 0)
    target = torch.FloatTensor([[1, 2], [3, 4]])
    print(target.t().contiguous().view(-1), torch.ByteTensor([1, 0]).type(), torch.range(0, 3), target.new(2).fill_(7))
    probabilities = torch.Tensor([0.25, 0.75])
    print(target.add_(1).sub(probabilities), torch.addmm(target, target, target), target.mul(2).norm().item() > 0)
    return curve
