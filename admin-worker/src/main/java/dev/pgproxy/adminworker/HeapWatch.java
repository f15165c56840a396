package dev.pgproxy.adminworker;

import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryUsage;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Tells when so much memory is in use, not counting garbage, that a statement must end before the process does. */
final class HeapWatch {

    private static final double MOST = 0.6;

    private final @Nullable MemoryPoolMXBean oldGeneration;

    HeapWatch() {
        Optional<MemoryPoolMXBean> pool = ManagementFactory.getMemoryPoolMXBeans().stream()
                .filter(each -> each.isCollectionUsageThresholdSupported()
                        && (each.getName().contains("Tenured") || each.getName().contains("Old")))
                .findFirst();
        oldGeneration = pool.orElse(null);
    }

    /** Whether more memory is in use than should be. */
    boolean isTight() {
        if (!wasTight()) {
            return false;
        }
        System.gc(); // What the last collection left may be garbage by now, and the next one may be far off.
        return wasTight();
    }

    /** Whether the last collection of the old generation left more than it should. */
    private boolean wasTight() {
        MemoryUsage usage = oldGeneration == null ? null : oldGeneration.getCollectionUsage();
        return usage != null && usage.getMax() > 0 && usage.getUsed() > MOST * usage.getMax();
    }
}
