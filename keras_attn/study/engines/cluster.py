"""Workers on the machines of a Ray cluster that share a folder."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import keras

from keras_attn.extras import require
from keras_attn.study.plan import Plan
from keras_attn.study.store import Store
from keras_attn.study.worker import work

#: How many times Ray starts a worker again whose process or machine was lost.
RETRIES = 3


def run_on_cluster(
    plan: Plan,
    store: Store,
    run: str,
    jobs: int | None,
    address: str,
    on_look: Callable[[], Any],
) -> None:
    """Runs a study on a Ray cluster.

    Args:
        plan: The study.
        store: Its folder, which every machine sees under the same path.
        run: The name of this call.
        jobs: How many workers; None for one per processor of the cluster.
        address: The address of the cluster's head; `"auto"` for the cluster that this process is
            connected to or this machine belongs to; or `"local"` for one of this machine alone,
            which is started and stopped.
        on_look: Called repeatedly while the workers run.

    Raises:
        ImportError: If Ray is not installed.
        ConnectionError: If there is no cluster at the address, or this process is connected to
            another one.
        RuntimeError: If a worker cannot continue.
    """
    ray = require("ray", extra="ray")
    was_connected = ray.is_initialized()
    if was_connected:
        _check_connection(ray, address)
    else:
        _connect(ray, address)
    try:
        resources = ray.cluster_resources()
        number = min(jobs or max(1, int(resources.get("CPU", 1))), len(plan.grid))
        graphics = min(1.0, resources.get("GPU", 0) / number)
        worker = ray.remote(
            num_cpus=1,
            num_gpus=graphics,
            max_retries=RETRIES,
            runtime_env={"env_vars": {"KERAS_BACKEND": keras.backend.backend()}},
        )(_work)
        shared = ray.put(plan)
        count = len(plan.grid.conditions)
        waiting = [
            worker.remote(shared, store, run, index * count // number) for index in range(number)
        ]
        while waiting:
            ended, waiting = ray.wait(waiting, timeout=1)
            on_look()
            for reference in ended:
                _result(ray, reference)
    finally:
        if not was_connected:
            ray.shutdown()


def _work(plan: Plan, store: Store, run: str, start: int) -> None:
    """The task of a worker on any machine."""
    try:
        store.read()
    except ValueError as error:
        raise RuntimeError(
            f"A machine of the cluster does not see the study's folder: {error} All machines need "
            "one shared folder, mounted at the same path; name one in it with --output."
        ) from None
    work(plan, store, run, start)


def _check_connection(ray: Any, address: str) -> None:
    """Checks that the cluster that this process is connected to is the one that was asked for.

    Raises:
        ConnectionError: If it is not.
    """
    connected = ray.get_runtime_context().gcs_address
    if address not in ("auto", connected):
        raise ConnectionError(
            f"This process is connected to the Ray cluster at {connected!r}, and cannot use "
            f"{address!r} at the same time. Call `ray.shutdown()` first, or leave the address out."
        )


def _connect(ray: Any, address: str) -> None:
    host, _, port = address.rpartition(":")
    try:
        if host and port.isdigit():  # Ray would wait for minutes
            socket.create_connection((host, int(port)), timeout=10).close()
        ray.init(
            address=None if address == "local" else address,
            log_to_driver=False,
            logging_level="error",
            configure_logging=False,
        )
    except (OSError, ValueError, RuntimeError) as error:
        raise ConnectionError(
            f"There is no Ray cluster at {address!r} ({str(error).splitlines()[0]}). Start one "
            "with `ray start --head` on one machine and `ray start --address HOST:6379` on the "
            "others, or name its address with --address."
        ) from error


def _result(ray: Any, reference: Any) -> None:
    try:
        ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        raise RuntimeError(str(error.cause)) from error
    except ray.exceptions.RayError as error:
        raise RuntimeError(
            f"A worker of the cluster was lost {RETRIES + 1} times ({type(error).__name__}). The "
            "finished trials are kept, and the same command runs the rest."
        ) from error
