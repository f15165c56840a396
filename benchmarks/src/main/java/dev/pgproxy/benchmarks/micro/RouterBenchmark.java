package dev.pgproxy.benchmarks.micro;

import dev.pgproxy.common.config.ProxyConfig.Routing;
import dev.pgproxy.common.config.ProxyConfig.StandbyFallback;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.common.protocol.ProtocolViolation;
import dev.pgproxy.common.protocol.StartupPacket;
import dev.pgproxy.common.protocol.StartupPacketDecoder;
import dev.pgproxy.common.protocol.StartupParameters.Parameter;
import dev.pgproxy.master.routing.Router;
import java.util.List;
import java.util.Set;
import org.openjdk.jmh.annotations.Benchmark;

/** A startup packet of psql is decoded and routed to a standby. */
public class RouterBenchmark extends StepBenchmark {

    private static final int PROTOCOL_3_0 = 3 << 16;

    private final byte[] packet = FrontendMessage.startup(
            PROTOCOL_3_0,
            List.of(
                    new Parameter("user", "report_r"),
                    new Parameter("database", "shop"),
                    new Parameter("application_name", "psql"),
                    new Parameter("client_encoding", "UTF8")));
    private final Router.Servers servers = new Router.Servers(
            new Endpoint.Tcp("10.0.0.1", 5432),
            List.of(new Endpoint.Tcp("10.0.0.2", 5432), new Endpoint.Tcp("10.0.0.3", 5432)),
            7);
    private final Routing routing = new Routing("_r", "", StandbyFallback.PRIMARY);

    @Benchmark
    public Router.Route startupPacket() throws ProtocolViolation {
        return Router.route((StartupPacket.Startup) StartupPacketDecoder.decode(packet), servers, routing, Set.of());
    }
}
