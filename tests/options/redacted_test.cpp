#include "options/redacted.h"

#include <doctest/doctest.h>

#include <string>

using namespace aims;

TEST_CASE("options are shown as they are, but for passwords") {
  CHECK(WithoutSecrets(R"({"mqtt": {"host": "a", "port": 1883, "password": "p"}, "x": [1.50, true, null, {}]})") ==
        R"json({"mqtt":{"host":"a","port":1883,"password":"(hidden)"},"x":[1.50,true,null,{}]})json");
  CHECK(WithoutSecrets(R"({"users":[{"name":"a","Password":5},{"passwort":"p","commands":true}]})") ==
        R"json({"users":[{"name":"a","Password":"(hidden)"},{"passwort":"(hidden)","commands":true}]})json");
}

TEST_CASE("all that is below a secret's key is hidden, whatever it is") {
  CHECK(WithoutSecrets(R"({"token":{"a":["b",{"password":"c"}]},"api_secrets":["x",[1]],"y":2})") ==
        R"json({"token":"(hidden)","api_secrets":"(hidden)","y":2})json");
}

TEST_CASE("what is no JSON shows nothing, and nesting of any depth is read") {
  for (const char* text : {"", "{", "{\"password\":\"p\"", "{\"a\":\"\xff\"}"}) CHECK(WithoutSecrets(text) == "{}");
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  CHECK(WithoutSecrets(deep) == deep);
  CHECK(WithoutSecrets("{\"password\":" + deep + "}") == R"json({"password":"(hidden)"})json");
}
