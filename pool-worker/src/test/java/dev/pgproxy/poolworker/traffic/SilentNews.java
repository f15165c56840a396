package dev.pgproxy.poolworker.traffic;

/** For traffic that concerns nobody but its session. */
final class SilentNews implements BackendTraffic.News {

    @Override
    public void rolesChanged() {}

    @Override
    public void objectInUse(String words) {}

    @Override
    public void answered() {}
}
