"""Custom autograd.Function: a Legendre activation, a straight-through sign, and gradcheck."""

import math


def program(torch, autograd):
    torch.manual_seed(20)

    class LegendrePolynomial3(autograd.Function):
        @staticmethod
        def forward(ctx, input):
            ctx.save_for_backward(input)
            return 0.5 * (5 * input**3 - 3 * input)

        @staticmethod
        def backward(ctx, grad_output):
            (input,) = ctx.saved_tensors
            return grad_output * 1.5 * (5 * input**2 - 1)

    class Sign(autograd.Function):
        @staticmethod
        def forward(ctx, input, threshold):
            ctx.threshold = threshold
            ctx.mark_non_differentiable()
            return input.sign()

        @staticmethod
        def backward(ctx, grad_output):
            return grad_output.clamp(-ctx.threshold, ctx.threshold), None

    x = torch.linspace(-math.pi, math.pi, 200)
    y = torch.sin(x)
    a, b, c, d = (torch.full((), value, requires_grad=True) for value in (0.0, -1.0, 0.0, 0.3))
    curve = []
    for _ in range(30):
        y_pred = a + b * LegendrePolynomial3.apply(c + d * x)
        loss = (y_pred - y).pow(2).sum()
        loss.backward()
        with torch.no_grad():
            for parameter in (a, b, c, d):
                parameter -= 5e-5 * parameter.grad
                parameter.grad = None
        curve.append(loss.item())

    w = torch.randn(6, 4, requires_grad=True)
    inputs, targets = torch.randn(16, 6), torch.randn(16, 4).sign()
    for _ in range(10):
        loss = (Sign.apply(inputs @ w, 0.01) - targets).pow(2).mean()
        (grad,) = autograd.grad(loss, w)
        w.data.sub_(grad, alpha=5.0)
        curve += [loss.item(), grad.norm().item()]
    z = torch.randn(3, dtype=torch.double, requires_grad=True)
    print(autograd.gradcheck(LegendrePolynomial3.apply, (z,)), y_pred.shape)
    return curve
