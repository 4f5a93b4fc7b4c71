package io.millrace.gate.avro;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Random;
import org.apache.avro.Schema;
import org.apache.avro.SchemaBuilder;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.EncoderFactory;

/** Schemas and values of every shape, by chance, from one seed. */
final class RandomAvro {

    private static final String[] TEXTS = {"", "a", "plain ascii text that is longer than eight bytes", "grüße", "日本語", "🙂🙂", "\u0000", "é".repeat(300)};

    private final Random random;
    private int names;

    RandomAvro(long seed) {
        this.random = new Random(seed);
    }

    Random random() {
        return random;
    }

    Schema record(int depth) {
        var fields = SchemaBuilder.record("r" + names++).fields();
        int count = 1 + random.nextInt(7);
        for (int i = 0; i < count; i++) {
            fields = fields.name("f" + i).type(schema(depth - 1)).noDefault();
        }
        return fields.endRecord();
    }

    private Schema schema(int depth) {
        return switch (random.nextInt(depth > 0 ? 14 : 9)) {
            case 0 -> Schema.create(Schema.Type.BOOLEAN);
            case 1 -> Schema.create(Schema.Type.INT);
            case 2 -> Schema.create(Schema.Type.LONG);
            case 3 -> Schema.create(Schema.Type.FLOAT);
            case 4 -> Schema.create(Schema.Type.DOUBLE);
            case 5 -> Schema.create(Schema.Type.BYTES);
            case 6 -> Schema.create(Schema.Type.STRING);
            case 7 -> Schema.createFixed("x" + names++, null, null, random.nextInt(20));
            case 8 -> Schema.createEnum("e" + names++, null, null, List.of("A", "B", "C").subList(0, 1 + random.nextInt(3)));
            case 9, 10 -> nullable(depth);
            case 11 -> Schema.createArray(schema(depth - 1));
            case 12 -> Schema.createMap(schema(depth - 1));
            default -> record(depth);
        };
    }

    private Schema nullable(int depth) {
        var type = schema(depth - 1);
        return type.getType() == Schema.Type.UNION ? type : Schema.createUnion(Schema.create(Schema.Type.NULL), type);
    }

    Object value(Schema schema) {
        return switch (schema.getType()) {
            case NULL -> null;
            case BOOLEAN -> random.nextBoolean();
            case INT -> random.nextInt() >> random.nextInt(32);
            case LONG -> random.nextLong() >> random.nextInt(64);
            case FLOAT -> random.nextFloat();
            case DOUBLE -> random.nextDouble();
            case STRING -> TEXTS[random.nextInt(TEXTS.length)];
            case BYTES -> ByteBuffer.wrap(bytes(random.nextInt(40)));
            case FIXED -> new GenericData.Fixed(schema, bytes(schema.getFixedSize()));
            case ENUM -> new GenericData.EnumSymbol(schema, schema.getEnumSymbols().get(random.nextInt(schema.getEnumSymbols().size())));
            case UNION -> value(schema.getTypes().get(random.nextInt(schema.getTypes().size())));
            case ARRAY -> {
                var items = new ArrayList<>();
                for (int i = random.nextInt(5); i > 0; i--) {
                    items.add(value(schema.getElementType()));
                }
                yield items;
            }
            case MAP -> {
                var entries = new HashMap<String, Object>();
                for (int i = random.nextInt(4); i > 0; i--) {
                    entries.put("k" + i, value(schema.getValueType()));
                }
                yield entries;
            }
            case RECORD -> {
                var record = new GenericData.Record(schema);
                schema.getFields().forEach(f -> record.put(f.pos(), value(f.schema())));
                yield record;
            }
        };
    }

    private byte[] bytes(int count) {
        var bytes = new byte[count];
        random.nextBytes(bytes);
        return bytes;
    }

    /** A value's Avro binary; arrays and maps now and then in blocks that say their size. */
    byte[] encode(Schema schema, Object value) {
        var out = new ByteArrayOutputStream();
        BinaryEncoder encoder = random.nextBoolean() ? EncoderFactory.get().binaryEncoder(out, null)
                : new EncoderFactory().configureBlockSize(64).blockingBinaryEncoder(out, null);
        try {
            new GenericDatumWriter<>(schema).write(value, encoder);
            encoder.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }
}
