"""Distributions against PyTorch: the same seed's samples, log-probabilities, moments, entropies, divergences,
gradients."""

import numpy
import pytest
import torch as reference

import tinygrad_i2dl as torch

T = lambda lib, values: lib.tensor(values)  # noqa: E731

MAKERS = {
    "Normal": lambda d, t: d.Normal(t([0.0, 1.0]), t([1.0, 2.0])),
    "Normal of numbers": lambda d, t: d.Normal(0.5, 2.0),
    "LogNormal": lambda d, t: d.LogNormal(t([0.0, 1.0]), t([0.5, 0.25])),
    "HalfNormal": lambda d, t: d.HalfNormal(t([1.0, 2.0])),
    "MultivariateNormal": lambda d, t: d.MultivariateNormal(t([1.0, -1.0]), t([[2.0, 0.5], [0.5, 1.0]])),
    "MultivariateNormal precision": lambda d, t: d.MultivariateNormal(
        t([[1.0, -1.0], [0.0, 0.0]]), precision_matrix=t([[2.0, 0.5], [0.5, 1.0]])
    ),
    "Categorical": lambda d, t: d.Categorical(t([[0.2, 0.3, 0.5], [1.0, 1.0, 2.0]])),
    "Categorical logits": lambda d, t: d.Categorical(logits=t([0.2, 0.3, -0.5])),
    "OneHotCategorical": lambda d, t: d.OneHotCategorical(t([[0.2, 0.3, 0.5], [1.0, 1.0, 2.0]])),
    "Multinomial": lambda d, t: d.Multinomial(7, t([0.2, 0.3, 0.5])),
    "Bernoulli": lambda d, t: d.Bernoulli(t([0.2, 0.9])),
    "Bernoulli logits": lambda d, t: d.Bernoulli(logits=t([0.2, -0.9])),
    "ContinuousBernoulli": lambda d, t: d.ContinuousBernoulli(t([0.2, 0.5, 0.9])),
    "Geometric": lambda d, t: d.Geometric(t([0.2, 0.9])),
    "Uniform": lambda d, t: d.Uniform(t([0.0, -1.0]), t([1.0, 2.0])),
    "Exponential": lambda d, t: d.Exponential(t([0.5, 2.0])),
    "Laplace": lambda d, t: d.Laplace(t([0.0, 1.0]), t([1.0, 2.0])),
    "Gumbel": lambda d, t: d.Gumbel(t([0.0, 1.0]), t([1.0, 2.0])),
    "Gamma": lambda d, t: d.Gamma(t([0.5, 3.0]), t([1.0, 2.0])),
    "Chi2": lambda d, t: d.Chi2(t([1.0, 4.0])),
    "Beta": lambda d, t: d.Beta(t([0.5, 3.0]), t([1.0, 2.0])),
    "Dirichlet": lambda d, t: d.Dirichlet(t([[0.5, 3.0, 1.0], [1.0, 1.0, 1.0]])),
    "Poisson": lambda d, t: d.Poisson(t([0.5, 20.0])),
    "Binomial": lambda d, t: d.Binomial(10, t([0.2, 0.7])),
    "Independent": lambda d, t: d.Independent(d.Normal(t([0.0, 1.0]), t([1.0, 2.0])), 1),
    "Mixture": lambda d, t: d.MixtureSameFamily(d.Categorical(t([0.3, 0.7])), d.Normal(t([0.0, 5.0]), t([1.0, 2.0]))),
}


def pair(name):
    return [MAKERS[name](lib.distributions, lib.tensor) for lib in (torch, reference)]


def close(ours, theirs, rtol=1e-5, atol=1e-6):
    assert tuple(ours.shape) == tuple(theirs.shape)
    numpy.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), rtol=rtol, atol=atol)


@pytest.mark.parametrize("name", MAKERS)
def test_shapes_samples_and_log_probabilities(name):
    ours, theirs = pair(name)
    assert tuple(ours.batch_shape) == tuple(theirs.batch_shape) and tuple(ours.event_shape) == tuple(theirs.event_shape)
    for shape in [(), (3,), (2, 20)]:
        torch.manual_seed(1)
        reference.manual_seed(1)
        a, b = ours.sample(shape), theirs.sample(shape)
        close(a, b)
        assert not a.requires_grad
        close(ours.log_prob(torch.tensor(b.numpy())), theirs.log_prob(b), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("what", ["mean", "variance", "stddev", "entropy"])
def test_moments_and_entropy(name, what):
    ours, theirs = pair(name)
    try:
        expected = getattr(theirs, what)
        expected = expected() if callable(expected) else expected
    except NotImplementedError:
        return
    try:
        found = getattr(ours, what)
        found = found() if callable(found) else found
    except NotImplementedError:
        assert (name, what) in {
            ("ContinuousBernoulli", "variance"), ("ContinuousBernoulli", "stddev"), ("ContinuousBernoulli", "entropy"),
            ("Bernoulli", "none"), ("Geometric", "entropy"), ("Binomial", "entropy"), ("Multinomial", "entropy"),
        }  # fmt: skip
        return
    close(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "name", [name for name in MAKERS if MAKERS[name](reference.distributions, reference.tensor).has_rsample]
)
def test_reparameterised_samples(name):
    ours, theirs = pair(name)
    if not ours.has_rsample:
        assert name in {"Gamma", "Chi2", "Beta", "Dirichlet"}  # documented: no gradients to shape parameters
        with pytest.raises(NotImplementedError, match="use sample"):
            ours.rsample()
        return
    torch.manual_seed(2)
    reference.manual_seed(2)
    close(ours.rsample((5,)), theirs.rsample((5,)))


def test_gradients_flow_through_rsample_and_log_prob():
    results = []
    for lib in (torch, reference):
        lib.manual_seed(0)
        mu, sigma = lib.tensor([0.5, -1.0], requires_grad=True), lib.tensor([1.0, 2.0], requires_grad=True)
        normal = lib.distributions.Normal(mu, sigma)
        logits = lib.tensor([[0.1, 0.2, 0.3]], requires_grad=True)
        choice = lib.distributions.Categorical(logits=logits)
        loss = (normal.rsample((4,)) ** 2).sum() - choice.log_prob(lib.tensor([2])).sum() + choice.entropy().sum()
        loss = loss + lib.distributions.kl_divergence(normal, lib.distributions.Normal(0.0, 1.0)).sum()
        loss.backward()
        results.append([g.detach().numpy() for g in (loss, mu.grad, sigma.grad, logits.grad)])
    for ours, theirs in zip(*results, strict=True):
        numpy.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "name",
    ["Normal", "Bernoulli", "Categorical", "OneHotCategorical", "Exponential", "Laplace", "Uniform", "Gamma", "Beta",
     "Dirichlet", "Poisson", "MultivariateNormal", "Independent"],
)  # fmt: skip
def test_divergence(name):
    def divergence(lib):
        kl = lib.distributions.kl_divergence
        p = MAKERS[name](lib.distributions, lib.tensor)
        q = MAKERS[name](
            lib.distributions,
            lambda values: lib.tensor(
                (numpy.array(values, dtype="f") * 1.3 + (0.1 if name == "Normal" else 0)).clip(
                    -2, 6 if name != "Bernoulli" else 0.95
                )
            ),
        )
        return kl(p, q)

    close(divergence(torch), divergence(reference), rtol=1e-4)


@pytest.mark.parametrize(
    ("make", "pattern"),
    [
        (lambda d: d.Normal(0.0, -1.0), "scale of Normal to be positive"),
        (lambda d: d.Categorical(), "either `probs` or `logits`"),
        (lambda d: d.Bernoulli(torch.tensor(1.5)), "between 0 and 1"),
        (lambda d: d.Uniform(1.0, 0.0), "low"),
    ],
)
def test_wrong_parameters_are_refused(make, pattern):
    with pytest.raises(ValueError, match=pattern):
        make(torch.distributions)


def test_unknown_divergence_and_name():
    d = torch.distributions
    with pytest.raises(NotImplementedError, match="Normal from Gumbel"):
        d.kl_divergence(d.Normal(0.0, 1.0), d.Gumbel(0.0, 1.0))
    with pytest.raises(AttributeError, match=r"torch.distributions.Norml; nearest: torch.distributions.Normal"):
        d.Norml
