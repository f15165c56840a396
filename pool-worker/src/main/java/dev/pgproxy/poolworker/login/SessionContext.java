package dev.pgproxy.poolworker.login;

import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.loop.LingeringClose;
import dev.pgproxy.poolworker.relay.RelayBuffers;
import dev.pgproxy.poolworker.traffic.RestingLeases;

/** What all sessions of a worker share. */
public record SessionContext(
        EventLoop loop,
        RelayBuffers buffers,
        LingeringClose lingering,
        RestingLeases leases,
        SecretSource secrets,
        Background background) {}
