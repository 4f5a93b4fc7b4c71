package io.millrace.console.document;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import org.junit.jupiter.api.Test;

class SameOrderTest {

    private static final JsonMapper JSON = new JsonMapper();

    @Test
    void membersStandAsInTheModelAtEveryDepthAndWhatItHasNotComesLast() throws JsonProcessingException {
        assertEquals("{\"id\":1,\"team\":{\"name\":\"a\",\"lead\":null},\"tags\":[{\"key\":\"k\",\"value\":2},{\"value\":4,\"key\":\"l\"}],\"more\":[]}",
                ordered("{\"id\":7,\"gone\":1,\"team\":{\"name\":\"b\",\"lead\":{}},\"tags\":[{\"key\":\"\",\"value\":0}]}",
                        "{\"more\":[],\"tags\":[{\"value\":2,\"key\":\"k\"},{\"value\":4,\"key\":\"l\"}],\"team\":{\"lead\":null,\"name\":\"a\"},\"id\":1}"));
    }

    @Test
    void whatIsOfAnotherKindThanInTheModelStaysAsItIs() throws JsonProcessingException {
        assertEquals("{\"a\":{\"z\":1,\"b\":2},\"c\":[1,{\"z\":1,\"b\":2}]}", ordered("{\"a\":1,\"c\":{\"b\":1}}", "{\"c\":[1,{\"z\":1,\"b\":2}],\"a\":{\"z\":1,\"b\":2}}"));
    }

    private static String ordered(String model, String node) throws JsonProcessingException {
        return SameOrder.as(JSON.readTree(model), JSON.readTree(node)).toString();
    }
}
