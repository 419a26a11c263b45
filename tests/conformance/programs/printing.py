"""What a notebook prints: tensors of every kind, parameters, shapes, dtypes, indexing, in-place arithmetic."""

import numpy as np


def program(torch, nn):
    torch.manual_seed(46)
    x = torch.rand(5, 3)
    print(x, x.shape, x.dtype, x.device, x.layout, x.requires_grad)
    print(torch.zeros(2, 3, dtype=torch.long), torch.ones(2, dtype=torch.float64), torch.tensor([True, False]))
    print(torch.tensor([1e-8, 1.0, 1e6]), torch.tensor([float("nan"), float("inf"), -1.5]), torch.tensor(3.14159))
    print(torch.arange(0, 2, 0.25), torch.arange(12).view(3, 4)[1:, ::2], torch.empty(0), torch.randn(2, 2).half())
    a = torch.ones(2, 2, requires_grad=True)
    b = (a + 2) * 3
    out = b.mean()
    print(a, b, out, out.grad_fn is not None, type(out).__name__)
    out.backward()
    print(a.grad, a.grad.data, nn.Parameter(torch.ones(2)), b.detach().numpy())
    print(torch.arange(1200).view(30, 40), torch.randn(2, 3, 2))
    y = x.new_ones(5, 3, dtype=torch.double)
    y.add_(x).mul_(2).sub_(0.5)
    print(y[:, 1], y[y > 2.5].numel(), y.size()[0], x.t().stride(), (y @ y.t()).trace())
    print(
        torch.cat((x, x), -1).shape,
        torch.stack((x, x)).shape,
        torch.chunk(x, 2, dim=0)[1].shape,
        x.unsqueeze(-1).size(),
    )
    print(
        x.max(),
        x.max(0),
        x.argmax(),
        x.sum(dim=0, keepdim=True),
        round(x.mean().item(), 4),
        torch.max(x, torch.ones(1) * 0.5),
    )
    array = np.ones(3)
    shared = torch.from_numpy(array)
    np.add(array, 1, out=array)
    print(array, shared, torch.tensor([[1, 2], [3, 4]]).numpy().dtype, np.exp(torch.zeros(2).numpy()))
    print(
        torch.tensor(7).item(),
        len(x),
        x.tolist()[0][0] == x[0, 0].item(),
        int(torch.tensor(3.9)),
        bool(torch.tensor(1)),
    )
    print(5 // torch.tensor([2, 3]), torch.tensor([-7, 7]) % 3, torch.tensor([1, 2]) / 2, 2 ** torch.arange(4), -x[0])
    print(torch.Size([2, 3]).numel(), x.ndim, x.nelement(), x.type(), torch.is_tensor(x), torch.get_default_dtype())
    torch.set_printoptions(precision=2, sci_mode=False)
    print(x, torch.tensor([1e-5, 123456.0]))
    torch.set_printoptions(profile="default")
    with_names = nn.Sequential()
    with_names.add_module(
        "conv", nn.Conv2d(3, 8, (3, 5), stride=(1, 2), padding=(1, 0), dilation=1, groups=1, bias=False)
    )
    with_names.add_module("norm", nn.GroupNorm(2, 8))
    with_names.add_module("pool", nn.MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False))
    print(with_names, nn.LSTM(3, 4, num_layers=2, dropout=0.1, bidirectional=True), nn.Embedding(10, 3, padding_idx=0))
    print(
        nn.MultiheadAttention(8, 2), nn.BatchNorm2d(4, momentum=0.2, affine=False), nn.CrossEntropyLoss(), nn.Dropout()
    )
    print(
        torch.optim.Adam(with_names.parameters(), lr=1e-3),
        torch.optim.SGD(with_names.parameters(), lr=0.1, momentum=0.9),
    )
    return x.flatten().tolist()
