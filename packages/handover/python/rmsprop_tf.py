"""RMSprop as TensorFlow has it and the Inception papers used it: epsilon is added under the root."""

import torch


class RMSpropTF(torch.optim.Optimizer):
    def __init__(self, params, lr, alpha=0.99, eps=1e-8, momentum=0.0, weight_decay=0.0):
        super().__init__(params, {"lr": lr, "alpha": alpha, "eps": eps, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                state = self.state[parameter]
                if "square_avg" not in state:
                    state["square_avg"] = torch.zeros_like(parameter)
                    if group["momentum"] > 0:
                        state["momentum_buffer"] = torch.zeros_like(parameter)
                gradient = parameter.grad.add(parameter, alpha=group["weight_decay"])
                average = state["square_avg"]
                average.mul_(group["alpha"]).addcmul_(gradient, gradient, value=1 - group["alpha"])
                direction = gradient / (average + group["eps"]).sqrt()
                if group["momentum"] > 0:
                    direction = state["momentum_buffer"].mul_(group["momentum"]).add_(direction)
                parameter.sub_(direction, alpha=group["lr"])
