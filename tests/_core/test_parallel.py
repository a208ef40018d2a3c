import operator
import threading
import time

import pytest

from clustimage._core.errors import InvalidParameterError
from clustimage._core.parallel import n_workers, run_ordered


@pytest.mark.parametrize("n_jobs, workers", [(1, 1), (3, 3), (None, 1)])
def test_number_of_workers(n_jobs, workers):
    assert n_workers(n_jobs) == workers


def test_every_core_and_all_but_one(monkeypatch):
    monkeypatch.setattr("clustimage._core.parallel.cpu_count", lambda: 8)
    assert n_workers(-1) == 8
    assert n_workers(-2) == 7
    assert n_workers(-20) == 1


@pytest.mark.parametrize("n_jobs", [1, 3])
def test_results_come_in_the_order_of_the_items(n_jobs):
    def slow_first(item):
        time.sleep(0.02 if item == 0 else 0)
        return item * item

    assert list(run_ordered(slow_first, range(50), n_jobs=n_jobs)) == [i * i for i in range(50)]


def test_threads_are_really_used():
    def name_of_thread(_):
        time.sleep(0.01)
        return threading.get_ident()

    assert len(set(run_ordered(name_of_thread, range(8), n_jobs=2))) == 2


def test_no_more_is_done_than_a_few_steps_ahead():
    done = []
    results = run_ordered(done.append, range(1000), n_jobs=2)
    next(results)
    time.sleep(0.05)
    assert len(done) < 200
    results.close()


def test_an_interruption_waits_for_what_runs_and_drops_the_rest():
    running, finished = [], []

    def slow(item):
        running.append(item)
        time.sleep(0.02)
        finished.append(item)

    results = run_ordered(slow, range(100), n_jobs=2)
    next(results)
    with pytest.raises(KeyboardInterrupt):
        results.throw(KeyboardInterrupt)
    assert len(running) == len(finished) < 100
    before = len(running)
    time.sleep(0.1)
    assert len(running) == before


def test_no_items_is_no_work():
    assert list(run_ordered(operator.neg, [])) == []


def test_an_error_of_a_worker_reaches_the_caller():
    with pytest.raises(ZeroDivisionError):
        list(run_ordered(lambda item: 1 / item, [1, 0], n_jobs=2))


@pytest.mark.parametrize("n_jobs", [float("nan"), 1.5, True, "2"])
def test_what_is_no_number_of_workers_is_refused_and_not_waited_for(n_jobs):
    with pytest.raises(InvalidParameterError, match="'n_jobs' must be a number of workers"):
        list(run_ordered(operator.neg, [1, 2, 3], n_jobs=n_jobs))
