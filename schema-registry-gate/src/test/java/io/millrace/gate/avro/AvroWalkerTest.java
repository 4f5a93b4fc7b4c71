package io.millrace.gate.avro;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.Arrays;
import java.util.HexFormat;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.io.DecoderFactory;
import org.junit.jupiter.api.Test;

class AvroWalkerTest {

    private static final int PREFIX = 5;
    private final AvroWalker walker = new AvroWalker(true);

    private boolean walks(String schema, String hex) {
        var bytes = HexFormat.of().withDelimiter(" ").parseHex(hex);
        return walker.walk(AvroProgram.of(new Schema.Parser().parse(schema)), bytes, 0);
    }

    private static byte[] framed(byte[] payload, int length) {
        var bytes = new byte[PREFIX + length];
        System.arraycopy(payload, 0, bytes, PREFIX, Math.min(length, payload.length));
        return bytes;
    }

    @Test
    void whateverAvroEncodesPasses() {
        for (long seed = 0; seed < 400; seed++) {
            var avro = new RandomAvro(seed);
            var schema = avro.record(4);
            var program = AvroProgram.of(schema);
            for (int i = 0; i < 25; i++) {
                var payload = avro.encode(schema, avro.value(schema));
                assertTrue(walker.walk(program, framed(payload, payload.length), PREFIX), () -> schema + ": " + walker.fault());
            }
        }
    }

    @Test
    void aHundredThousandMutatedRecordsAreRefusedOrReadableByAvroAndNeverThrow() throws IOException {
        int passed = 0;
        int refused = 0;
        for (long seed = 0; seed < 1000; seed++) {
            var avro = new RandomAvro(seed);
            var schema = avro.record(4);
            var program = AvroProgram.of(schema);
            var reader = new GenericDatumReader<>(schema);
            for (int i = 0; i < 110; i++) {
                var bytes = mutate(avro, avro.encode(schema, avro.value(schema)));
                if (!walker.walk(program, bytes, PREFIX)) {
                    assertNotNull(walker.fault());
                    refused++;
                    continue;
                }
                passed++;
                var decoder = DecoderFactory.get().binaryDecoder(bytes, PREFIX, bytes.length - PREFIX, null);
                reader.read(null, decoder);
                assertTrue(decoder.isEnd(), () -> "Avro leaves bytes over for " + schema);
            }
        }
        assertEquals(110_000, passed + refused);
        assertTrue(passed > 10_000 && refused > 10_000, passed + " passed, " + refused + " were refused");
    }

    private static byte[] mutate(RandomAvro avro, byte[] payload) {
        var random = avro.random();
        int length = switch (random.nextInt(4)) {
            case 0 -> random.nextInt(payload.length + 1);
            case 1 -> payload.length + random.nextInt(4);
            default -> payload.length;
        };
        var bytes = framed(payload, length);
        for (int i = random.nextInt(4); i > 0 && length > 0; i--) {
            int at = PREFIX + random.nextInt(length);
            bytes[at] = switch (random.nextInt(3)) {
                case 0 -> (byte) random.nextInt();
                case 1 -> (byte) (bytes[at] ^ 1 << random.nextInt(8));
                default -> (byte) 0xFF;
            };
        }
        return bytes;
    }

    @Test
    void everyRecordThatEndsEarlyIsRefused() {
        for (long seed = 0; seed < 100; seed++) {
            var avro = new RandomAvro(seed);
            var schema = avro.record(3);
            var program = AvroProgram.of(schema);
            var payload = avro.encode(schema, avro.value(schema));
            for (int length = 0; length < payload.length; length++) {
                assertFalse(walker.walk(program, Arrays.copyOf(payload, length), 0), schema + " cut at " + length);
            }
        }
    }

    @Test
    void recursiveTypesAreWalkedToTheirDepthAndNoFurther() {
        var list = """
                {"type":"record","name":"l","fields":[{"name":"v","type":"int"},{"name":"n","type":["null","l"]}]}""";
        assertTrue(walks(list, "02 02 04 02 06 00"));
        assertFalse(walks(list, "02 02 04 02 06 02"));
        assertFalse(walks(list, String.join(" ", java.util.Collections.nCopies(5000, "02 02")) + " 02 00"));
        assertTrue(walker.fault().contains("deeper"), walker.fault());
        assertFalse(walks("{\"type\":\"record\",\"name\":\"a\",\"fields\":[{\"name\":\"a\",\"type\":\"a\"}]}", ""));
    }

    @Test
    void aTypeThatIsUsedTwiceIsWalkedBothTimes() {
        var pair = """
                {"type":"record","name":"p","fields":[{"name":"a","type":{"type":"record","name":"q","fields":[{"name":"x","type":"string"}]}},{"name":"b","type":"q"}]}""";
        assertTrue(walks(pair, "02 61 04 62 63"));
        assertFalse(walks(pair, "02 61 06 62 63"));
        assertFalse(walks(pair, "02 61 04 62 63 00"));
        assertTrue(walker.fault().contains("left over"), walker.fault());
    }

    @Test
    void hugeCountsCostNothing() {
        var nulls = "{\"type\":\"array\",\"items\":\"null\"}";
        assertTrue(walks(nulls, "06 00"));
        assertFalse(walks(nulls, "fe ff ff ff ff ff ff ff ff 01 00"), "Long.MAX_VALUE nulls");
        assertFalse(walks(nulls, "ff ff ff ff ff ff ff ff ff 01 00"), "Long.MIN_VALUE nulls");
        assertFalse(walks("{\"type\":\"array\",\"items\":\"int\"}", "fe ff ff ff 0f 02"));
        assertFalse(walks("\"bytes\"", "fe ff ff ff 0f"));
        assertFalse(walks("\"string\"", "01"), "a negative length");
    }

    @Test
    void aBlocksByteCountMustBeRight() {
        var ints = "{\"type\":\"array\",\"items\":\"int\"}";
        assertTrue(walks(ints, "03 04 02 04 00"));
        assertFalse(walks(ints, "03 02 02 04 00"));
        assertFalse(walks(ints, "03 7e 02 04 00"));
    }

    @Test
    void numbersMustFitTheirType() {
        assertTrue(walks("\"int\"", "ff ff ff ff 0f"));
        assertFalse(walks("\"int\"", "ff ff ff ff 1f"));
        assertFalse(walks("\"int\"", "80 80 80 80 80 00"));
        assertTrue(walks("\"long\"", "ff ff ff ff ff ff ff ff ff 01"));
        assertFalse(walks("\"long\"", "ff ff ff ff ff ff ff ff ff 02"));
        assertFalse(walks("\"boolean\"", "02"));
        assertFalse(walks("\"boolean\"", "ff"));
        assertFalse(walks("[\"null\",\"int\"]", "04"));
        assertFalse(walks("[\"null\",\"int\"]", "01"));
        assertFalse(walks("{\"type\":\"enum\",\"name\":\"e\",\"symbols\":[\"A\"]}", "02"));
    }

    @Test
    void textMustBeUtf8UnlessThatIsSwitchedOff() {
        assertTrue(walks("\"string\"", "08 f0 9f 99 82"));
        for (var bad : new String[] {"02 80", "02 c3", "04 c0 80", "06 ed a0 80", "08 f4 90 80 80", "08 f0 80 80 80", "06 e0 80 80", "04 61 ff", "02 f8"}) {
            assertFalse(walks("\"string\"", bad), bad);
        }
        var program = AvroProgram.of(Schema.create(Schema.Type.STRING));
        assertTrue(new AvroWalker(false).walk(program, new byte[] {2, (byte) 0x80}, 0));
    }

    @Test
    void everyCodePointIsTextAndEveryOtherTwoBytesAreJudgedAsJavaDoes() {
        var program = AvroProgram.of(Schema.create(Schema.Type.STRING));
        for (int a = 0; a < 256; a++) {
            for (int b = 0; b < 256; b++) {
                var bytes = new byte[] {4, (byte) a, (byte) b};
                boolean valid = Arrays.equals(new String(bytes, 1, 2, java.nio.charset.StandardCharsets.UTF_8).getBytes(java.nio.charset.StandardCharsets.UTF_8), Arrays.copyOfRange(bytes, 1, 3));
                assertEquals(valid, walker.walk(program, bytes, 0), a + " " + b);
            }
        }
        for (int point = 0; point <= Character.MAX_CODE_POINT; point++) {
            if (point < Character.MIN_SURROGATE || point > Character.MAX_SURROGATE) {
                var text = Character.toString(point).getBytes(java.nio.charset.StandardCharsets.UTF_8);
                var bytes = new byte[text.length + 1];
                bytes[0] = (byte) (text.length * 2);
                System.arraycopy(text, 0, bytes, 1, text.length);
                assertTrue(walker.walk(program, bytes, 0), "U+" + Integer.toHexString(point));
            }
        }
    }

    @Test
    void aFaultNamesTheFieldAndThePlace() {
        assertFalse(walks("""
                {"type":"record","name":"m","fields":[{"name":"id","type":"long"},{"name":"tags","type":{"type":"array","items":"string"}}]}""", "02 02 50 61"));
        assertEquals("field 'tags[]': a length of 40 goes past the end, at byte 3 of 4", walker.fault());
    }
}
