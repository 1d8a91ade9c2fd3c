"""One metric: its name, what it means, and its values as Prometheus wants them.

It knows the exposition's model; nothing that is measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric as Family

Values = Mapping[str, float]  # by the label's value; by "" where the metric has no label


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric with at most one label.

    Attributes:
        name: as it is told; a counter's ends in ``_total`` (Prometheus' naming conventions).
        about: what it means, in one sentence without a full stop.
        label: what tells its values apart.
    """

    name: str
    about: str
    label: str | None = None

    @property
    def is_counter(self) -> bool:
        """Does it only grow?"""
        return self.name.endswith("_total")

    def family(self, values: Values) -> Family:
        """Put values into the library's shape."""
        make = CounterMetricFamily if self.is_counter else GaugeMetricFamily
        labels = [] if self.label is None else [self.label]
        family = make(self.name, self.about, labels=labels)
        for value_of, value in values.items():
            family.add_metric([value_of] if labels else [], value)
        return family


def one(value: float) -> Values:
    """Make the values of a metric without a label."""
    return {"": float(value)}
