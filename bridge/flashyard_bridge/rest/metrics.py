"""The numbers for a monitor (contract 2). What they mean is said where they are made."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import PlainTextResponse

from flashyard_bridge.errors import ANY_ERROR
from flashyard_bridge.metrics.exposition import MEDIA_TYPE, Metrics

router = APIRouter(tags=["health"], responses=ANY_ERROR)


def _metrics_of(request: Request) -> Metrics:
    metrics: Metrics = request.state.metrics
    return metrics


@router.get(
    "/metrics",
    operation_id="getMetrics",
    summary="Read the metrics, as Prometheus does",
    response_class=PlainTextResponse,
    responses={200: {"description": "Prometheus' text format; docs/metrics.md lists them all."}},
)
async def read(metrics: Annotated[Metrics, Depends(_metrics_of)]) -> Response:
    """Tell how much the bridge does, and its broker where it says so."""
    return Response(await metrics.text(), media_type=MEDIA_TYPE)
