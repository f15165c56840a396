package dev.pgproxy.fuzzing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Replays the corpus, and mutations of it from a seed. */
class ReplayTest {

    private static final int MUTATIONS = Integer.getInteger("fuzz.mutations", 20_000);
    /** These go through a file, which takes longer. */
    private static final int MUTATIONS_OF_FILES = MUTATIONS / 10;

    private static final int MAX_EDITS = 8;
    private static final int MAX_BYTES = 32 * 1_024;
    private static final Path CORPUS = Path.of("src/test/resources/corpus");

    private static List<byte[]> corpus(Target target) throws IOException {
        List<byte[]> inputs = new ArrayList<>();
        try (Stream<Path> files = Files.list(CORPUS.resolve(target.label()))) {
            for (Path file : files.sorted().toList()) {
                inputs.add(Files.readAllBytes(file));
            }
        }
        return inputs;
    }

    @ParameterizedTest
    @EnumSource
    void bearsTheCorpus(Target target) throws IOException {
        List<byte[]> inputs = corpus(target);
        Assertions.assertFalse(inputs.isEmpty(), target.label());
        inputs.forEach(target::run);
    }

    @ParameterizedTest
    @EnumSource
    void bearsWhatIsLikeTheCorpus(Target target) throws IOException {
        List<byte[]> inputs = corpus(target);
        long seed = Long.getLong("fuzz.seed", System.nanoTime());
        Random random = new Random(seed);
        int count = target == Target.PROPERTIES ? MUTATIONS_OF_FILES : MUTATIONS;
        for (int i = 0; i < count; i++) {
            byte[] input = mutated(inputs, random);
            try {
                target.run(input);
            } catch (RuntimeException | StackOverflowError e) {
                throw new AssertionError(
                        target.label() + " -Dfuzz.seed=" + seed + " input " + i + ": " + Arrays.toString(input), e);
            }
        }
    }

    private static byte[] mutated(List<byte[]> inputs, Random random) {
        byte[] input = inputs.get(random.nextInt(inputs.size())).clone();
        for (int edits = 1 + random.nextInt(MAX_EDITS); edits > 0; edits--) {
            int at = random.nextInt(input.length + 1);
            switch (random.nextInt(5)) {
                case 0 -> input = Arrays.copyOf(input, at);
                case 1 -> {
                    if (at < input.length) {
                        input[at] = (byte) random.nextInt();
                    }
                }
                case 2 -> {
                    if (at < input.length) {
                        input[at] = (byte) (random.nextBoolean() ? 0 : 0xff);
                    }
                }
                case 3 -> input = joined(Arrays.copyOf(input, at), inputs.get(random.nextInt(inputs.size())));
                default ->
                    input = joined(
                            joined(Arrays.copyOf(input, at), new byte[1 + random.nextInt(4)]),
                            Arrays.copyOfRange(input, at, input.length));
            }
        }
        return input.length > MAX_BYTES ? Arrays.copyOf(input, MAX_BYTES) : input;
    }

    private static byte[] joined(byte[] a, byte[] b) {
        byte[] both = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, both, a.length, b.length);
        return both;
    }
}
