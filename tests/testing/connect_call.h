#ifndef CAIRN_TESTS_TESTING_CONNECT_CALL_H_
#define CAIRN_TESTS_TESTING_CONNECT_CALL_H_

#include <optional>
#include <string>
#include <string_view>

namespace cairn::testing {

// A message of a stream as the Connect protocol has it: five bytes before it.
std::string EnvelopeOf(std::string_view message, int flags = 0);

// One call over HTTP/1.1 on a connection of its own, which sends and reads as the test says: the
// body in chunks, the answer as it comes. Nothing waits for more than half a minute. Owned by one
// thread; the destructor hangs up.
class ConnectCall {
 public:
  // One message of the answer.
  struct Message {
    int flags = 0;
    std::string bytes;
    bool ends() const { return (flags & 2) != 0; }
  };

  // Sends the head of a POST. `headers` end in line breaks.
  ConnectCall(const std::string& address, const std::string& path, const std::string& type,
              const std::string& headers = "");
  ~ConnectCall();
  ConnectCall(const ConnectCall&) = delete;
  ConnectCall& operator=(const ConnectCall&) = delete;

  // Sends bytes of the body; false if the connection is gone.
  bool Send(std::string_view bytes);
  // Ends the body.
  bool End();
  // Hangs up.
  void Leave();

  // Waits for the head of the answer: its status, 0 if none comes. After 100 (Continue) the
  // next one waits for the answer's.
  int Status();
  const std::string& head() const { return head_; }

  // Waits for the next message of the answer; nullopt when there are no more.
  std::optional<Message> Next();
  // Everything that is left of the body.
  std::string Rest();
  // The body ended as HTTP ends one.
  bool whole() const { return whole_; }

 private:
  bool Write(std::string_view text);
  bool ReadMore();
  bool ReadChunk();

  int fd_ = -1;
  std::string head_;
  std::string received_;  // behind the head, as it came
  std::string body_;      // without the frames of chunks
  long left_ = -1;        // of a body with a length; -1: in chunks
  bool whole_ = false;
};

}  // namespace cairn::testing

#endif  // CAIRN_TESTS_TESTING_CONNECT_CALL_H_
