"""Names of hosts are asked for anew for each connection, as programs without eventlet do.

eventlet's resolver keeps an answer for as long as the name server says. Docker's says ten minutes, and gives a container that is made
anew another address: until then nobody would find it. Connections are kept and used again, so names are asked for seldom.
"""

from eventlet.support import greendns


class _Forgetful(greendns.ResolverProxy):
    """eventlet's resolver without its cache. It reads /etc/resolv.conf when the first name is asked for, as that one does."""

    def clear(self) -> None:
        super().clear()
        self._resolver.cache = None


def ask_anew() -> None:
    """From now on keep no answer in this process."""
    greendns.resolver = _Forgetful(hosts_resolver=greendns.HostsResolver())
