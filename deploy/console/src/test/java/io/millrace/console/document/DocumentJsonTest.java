package io.millrace.console.document;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.core.JsonProcessingException;
import org.junit.jupiter.api.Test;

class DocumentJsonTest {

    @Test
    void numbersKeepTheirDigits() throws JsonProcessingException {
        var document = "{\"price\":1.50,\"whole\":100,\"long\":12345678901234567890.10,\"small\":0.000}";
        assertEquals(document, DocumentJson.mapper().readTree(document).toString());
    }
}
