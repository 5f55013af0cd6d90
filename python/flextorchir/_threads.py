"""Records what a forward computes on threads of its own.

Torch sees operators by thread. While a model runs, each piece of work that a
recorded thread hands to another one (a `threading.Thread`, a
`ThreadPoolExecutor`, a `multiprocessing.pool.ThreadPool`, and so also
`asyncio.to_thread` and `torch.nn.parallel.parallel_apply`) takes the recording
along for as long as that piece takes: the threads of a pool keep nothing.
"""

import concurrent.futures
import contextlib
import functools
import multiprocessing.pool
import threading


class Places(threading.local):
    """By thread: the paths of the modules that are running, outermost first.

    The first is where the thread was started. None: the thread is not recorded.
    """
    entered = None
    # The threads that are being started are the workers of a pool.
    starts_workers = False


@contextlib.contextmanager
def recorded_threads(places, carry):
    """While it is entered, the threads that recorded ones start are recorded.

    Args:
      places: a `Places`.
      carry: called on a recorded thread, returns a function that calls what it is
        given, on whichever thread, with what it does recorded.
    """

    def carried(function, before=None):
        if places.entered is None:
            return function
        run = carry()
        path = places.entered[-1]

        # Has the attributes of what it stands for.
        @functools.wraps(function, updated=())
        def call(*args, **kwargs):
            if before is not None:
                before()
            outer = places.entered
            places.entered = [path]
            try:
                return run(lambda: function(*args, **kwargs))
            finally:
                places.entered = outer

        return call

    @contextlib.contextmanager
    def workers():
        outer = places.starts_workers
        places.starts_workers = True
        try:
            yield
        finally:
            places.starts_workers = outer

    start = threading.Thread.start

    @functools.wraps(start)
    def start_thread(thread):
        if places.entered is not None and not places.starts_workers:
            own = vars(thread).get("run")

            def as_it_was():
                if own is None:
                    del thread.run
                else:
                    thread.run = own

            thread.run = carried(thread.run, before=as_it_was)
        return start(thread)

    def hands_over(method):
        """A method of a pool whose first argument is called by its workers."""

        @functools.wraps(method)
        def call(pool, function, *args, **kwargs):
            with workers():
                return method(pool, carried(function), *args, **kwargs)

        return call

    def starts(method):

        @functools.wraps(method)
        def call(*args, **kwargs):
            with workers():
                return method(*args, **kwargs)

        return call

    executor = concurrent.futures.ThreadPoolExecutor
    pool = multiprocessing.pool.ThreadPool
    replacements = [(threading.Thread, "start", start_thread),
                    (executor, "submit", hands_over(executor.submit)),
                    (pool, "__init__", starts(pool.__init__))]
    # What the pool of threads has in common with that of processes is replaced
    # for threads only: a function for another process is pickled.
    for name in ("apply_async", "_map_async", "imap", "imap_unordered"):
        replacements.append((pool, name, hands_over(getattr(pool, name))))
    originals = [(cls, name, vars(cls).get(name))
                 for cls, name, _ in replacements]
    for cls, name, replacement in replacements:
        setattr(cls, name, replacement)
    try:
        yield
    finally:
        for cls, name, original in originals:
            if original is None:
                delattr(cls, name)
            else:
                setattr(cls, name, original)
