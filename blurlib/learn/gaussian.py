"""The loss of a gaussian whose mean and variance a network answers with."""


def gaussian_loss(error, log_variance, beta=0.5):
    """Return the errors' negative log-likelihoods, each times its own variance to `beta`."""
    likelihood = (error.square() * (-log_variance).exp() + log_variance) / 2
    return likelihood * (beta * log_variance).exp().detach()


def gaussian_metrics(error, log_variance):
    """Return the errors' ``mse`` and their ``coverage``: the share within one stated std."""
    squared = error.square()
    return {"mse": squared.mean(), "coverage": (squared < log_variance.exp()).float().mean()}
