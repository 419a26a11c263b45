"""Probability distributions (PyTorch's ``torch.distributions``)."""

from ..missing import missing_name
from .bernoulli import Bernoulli as Bernoulli
from .bernoulli import ContinuousBernoulli as ContinuousBernoulli
from .bernoulli import Geometric as Geometric
from .categorical import Categorical as Categorical
from .categorical import Multinomial as Multinomial
from .categorical import OneHotCategorical as OneHotCategorical
from .composition import Independent as Independent
from .composition import MixtureSameFamily as MixtureSameFamily
from .distribution import Distribution as Distribution
from .divergence import kl_divergence as kl_divergence
from .divergence import register_kl as register_kl
from .gamma import Beta as Beta
from .gamma import Binomial as Binomial
from .gamma import Chi2 as Chi2
from .gamma import Dirichlet as Dirichlet
from .gamma import Gamma as Gamma
from .gamma import Poisson as Poisson
from .normal import HalfNormal as HalfNormal
from .normal import LogNormal as LogNormal
from .normal import MultivariateNormal as MultivariateNormal
from .normal import Normal as Normal
from .uniform import Exponential as Exponential
from .uniform import Gumbel as Gumbel
from .uniform import Laplace as Laplace
from .uniform import Uniform as Uniform

__getattr__ = missing_name("torch.distributions", lambda: globals())
