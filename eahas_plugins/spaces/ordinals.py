"""The same space with positions in place of ordinals, for hosts that refuse ordinals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ConfigSpace as CS  # noqa: N817 (the name its documentation uses)
from ConfigSpace import ConfigurationSpace, OrdinalHyperparameter, UniformIntegerHyperparameter
from ConfigSpace.forbidden import ForbiddenRelation

from eahas_plugins.spaces.values import native


def index_space(space: ConfigurationSpace, *, seed: int | None = None) -> ConfigurationSpace:
    """The same space with each ordinal replaced by the integer position of its value.

    Conditions and forbidden clauses are kept. HpBandSter's BOHB needs this.

    Args:
        space: Any space; it is not changed. Priors of ordinals are not kept.
        seed: Seed of the new space's ``sample_configuration``.

    Raises:
        ValueError: If a forbidden relation compares an ordinal with another hyperparameter.
    """
    indexed = ConfigurationSpace(name=space.name, seed=seed)
    for hyperparameter in space.values():
        indexed.add(_without_order(hyperparameter))
    for condition in space.conditions:
        indexed.add(_Rewriter(indexed).condition(condition))
    for clause in space.forbidden_clauses:
        indexed.add(_Rewriter(indexed).clause(clause))
    return indexed


def decode(config: Mapping[str, Any], space: ConfigurationSpace) -> dict[str, Any]:
    """The configuration of ``space`` for one of ``index_space(space)``, in plain Python values.

    Args:
        config: Active hyperparameters of ``index_space(space)``.
        space: The original space.
    """
    decoded = {}
    for name, value in dict(config).items():
        hyperparameter = space[name]
        if isinstance(hyperparameter, OrdinalHyperparameter):
            value = hyperparameter.sequence[int(value)]
        decoded[name] = native(value)
    return decoded


def encode(config: Mapping[str, Any], space: ConfigurationSpace) -> dict[str, Any]:
    """The inverse of :func:`decode`."""
    return {name: _position(space[name], value) for name, value in dict(config).items()}


def _without_order(hyperparameter: Any) -> Any:
    if not isinstance(hyperparameter, OrdinalHyperparameter):
        return hyperparameter
    if len(hyperparameter.sequence) == 1:  # an integer range needs two values
        return CS.Constant(hyperparameter.name, 0)
    return UniformIntegerHyperparameter(
        hyperparameter.name,
        lower=0,
        upper=len(hyperparameter.sequence) - 1,
        default_value=_position(hyperparameter, hyperparameter.default_value),
    )


def _position(hyperparameter: Any, value: Any) -> Any:
    if isinstance(hyperparameter, OrdinalHyperparameter):
        return [native(v) for v in hyperparameter.sequence].index(native(value))
    return native(value)


class _Rewriter:
    """Conditions and clauses over the hyperparameters of another space."""

    def __init__(self, space: ConfigurationSpace) -> None:
        self._space = space

    def condition(self, old: Any) -> Any:
        if isinstance(old, CS.AndConjunction | CS.OrConjunction):
            return type(old)(*(self.condition(c) for c in old.components))
        child, parent = self._space[old.child.name], self._space[old.parent.name]
        if isinstance(old, CS.InCondition):
            return CS.InCondition(child, parent, [_position(old.parent, v) for v in old.values])
        return type(old)(child, parent, _position(old.parent, old.value))

    def clause(self, old: Any) -> Any:
        if isinstance(old, ForbiddenRelation):
            if any(isinstance(h, OrdinalHyperparameter) for h in (old.left, old.right)):
                raise ValueError(
                    f"a forbidden relation must not compare an ordinal but got {old}: "
                    "positions do not compare as the values do. Use forbidden clauses instead."
                )
            return type(old)(self._space[old.left.name], self._space[old.right.name])
        if hasattr(old, "components"):
            return type(old)(*(self.clause(c) for c in old.components))
        hyperparameter = self._space[old.hyperparameter.name]
        if isinstance(old, CS.ForbiddenInClause):
            return CS.ForbiddenInClause(
                hyperparameter, [_position(old.hyperparameter, v) for v in old.values]
            )
        return type(old)(hyperparameter, _position(old.hyperparameter, old.value))
