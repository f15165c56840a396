package dev.pgproxy.common.channel;

import dev.pgproxy.common.ipc.ChildKind;
import dev.pgproxy.common.ipc.ControlMessage;
import dev.pgproxy.common.ipc.Conversations;
import dev.pgproxy.common.ipc.UpkeepMessages;
import dev.pgproxy.common.loop.Descriptor;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32C;

/**
 * The versions of the control protocol that this process speaks, and its messages: the number of each on the wire, and its encoding. One
 * per process; lives on the loop's thread.
 */
public final class Protocol {

    /**
     * Incremented when the form of frames or the meaning of a message changes. A change of the fields of a message changes {@link #layout}.
     */
    public static final int NEWEST = 8;

    /** The oldest version that a peer may speak. */
    public static final int OLDEST = 8;

    /** The version of frames sent before one is agreed on; {@link UpkeepMessages.Hello} never changes its form. */
    static final int GREETING = 0;

    /** No version in common. */
    private static final int NONE = -1;

    private final List<RecordCodec> codecs = new ArrayList<>();
    private final Map<Class<?>, Integer> numbers = new HashMap<>();
    private final long layout;

    public Protocol() {
        this(Conversations.all());
    }

    Protocol(List<Class<?>> conversations) {
        CRC32C fingerprint = new CRC32C();
        for (Class<?> conversation : conversations) {
            Class<?>[] records = Arrays.stream(conversation.getDeclaredClasses())
                    .filter(each -> each.isRecord() && ControlMessage.class.isAssignableFrom(each))
                    .sorted(Comparator.comparing(Class::getSimpleName))
                    .toArray(Class<?>[]::new);
            for (Class<?> each : records) {
                RecordCodec codec = new RecordCodec(each);
                numbers.put(each, codecs.size());
                codecs.add(codec);
                fingerprint.update(codec.layout().getBytes(StandardCharsets.UTF_8));
            }
        }
        layout = fingerprint.getValue();
    }

    /** A fingerprint of the names and fields of all messages: two processes that differ in it were not built together. */
    public long layout() {
        return layout;
    }

    /** All kinds of messages. */
    public List<Class<?>> messages() {
        return codecs.stream().<Class<?>>map(RecordCodec::type).toList();
    }

    /** This process's Hello; {@code slot} is its number among its kind. */
    public UpkeepMessages.Hello hello(ChildKind kind, int slot, long pid) {
        return new UpkeepMessages.Hello(OLDEST, NEWEST, layout, kind, slot, pid);
    }

    /**
     * The newest version that both sides speak.
     *
     * @return negative when there is none
     */
    public int commonVersion(UpkeepMessages.Hello hello) {
        int newest = Math.min(NEWEST, hello.newest());
        boolean both = newest >= OLDEST && newest >= hello.oldest();
        return both && hello.layout() == layout ? newest : NONE;
    }

    /** Closes the descriptors of a message that is not sent, or not delivered. */
    public void discard(ControlMessage message) {
        codecs.get(numberOf(message)).descriptorsOf(message).forEach(Descriptor::close);
    }

    /** The most descriptors that one message carries. */
    int maxDescriptors() {
        return codecs.stream().mapToInt(RecordCodec::descriptors).max().orElse(0);
    }

    int numberOf(ControlMessage message) {
        Integer number = numbers.get(message.getClass());
        if (number == null) {
            throw new IllegalArgumentException(message.getClass() + " is in no conversation");
        }
        return number;
    }

    RecordCodec codec(int number) throws ControlViolation {
        if (number < 0 || number >= codecs.size()) {
            throw new ControlViolation("unknown message type " + number);
        }
        return codecs.get(number);
    }
}
