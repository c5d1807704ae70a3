#include "page/history_file.h"

#include <doctest/doctest.h>

#include <asio/io_context.hpp>
#include <filesystem>

#include "io/files.h"
#include "tests/io/temporary.h"

using namespace aims;
using namespace aims::page;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

std::vector<Row> Rows(size_t count, uint32_t begin = 1) {
  std::vector<Row> rows(count);
  for (Row& row : rows) row.begin = begin++;
  return rows;
}

struct Fixture {
  TemporaryDirectory directory;
  asio::io_context context;
  Disk disk{context.get_executor()};

  DataFolder Folder(const std::string& below = ".") { return {context.get_executor(), disk, directory / below, 20ms}; }
  std::string Name(int number) { return directory / ("history-one-" + std::to_string(number) + ".bin"); }
  // A file of three rows, the second of which has a wrong bit.
  void WriteDamaged() {
    std::string bytes = ToBytes(Rows(3));
    bytes[40] = static_cast<char>(bytes[40] ^ 1);
    directory.Write("history-one-1.bin", bytes);
  }
  // Until the disk has nothing to do.
  void Settle() {
    for (int i = 0; i < 10; ++i) {
      disk.Finish(5s);
      context.restart();
      context.run_for(5ms);
    }
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "rows are added behind those that are there, and found again") {
  HistoryFile file(Folder(), "one");
  CHECK(file.Load().empty());
  CHECK(fs::is_empty(directory.path()));
  file.Add(Rows(2));
  Settle();
  file.Add(Rows(1, 3));
  Settle();
  CHECK(fs::file_size(Name(1)) == 96);
  CHECK(HistoryFile(Folder(), "one").Load() == Rows(3));
  CHECK(HistoryFile(Folder(), "other").Load().empty());
}

TEST_CASE_FIXTURE(Fixture, "90 days are kept in files of 7.5 days, and never more than 450 kB") {
  HistoryFile file(Folder(), "one");
  file.Load();
  for (uint32_t i = 0; i < 40; ++i) {
    file.Add(Rows(540, 1 + i * 540));
    Settle();
  }
  size_t bytes = 0;
  for (const auto& entry : fs::directory_iterator(directory.path())) bytes += entry.file_size();
  CHECK(bytes <= 450'000);
  const auto rows = HistoryFile(Folder(), "one").Load();
  CHECK(rows.size() >= 90 * 144);
  CHECK(std::any_of(rows.begin(), rows.end(), [](const Row& row) { return row.begin == 40 * 540; }));
}

TEST_CASE_FIXTURE(Fixture, "a row that a power cut tore off is written over") {
  HistoryFile first(Folder(), "one");
  first.Load();
  first.Add(Rows(2));
  Settle();
  fs::resize_file(Name(1), 50);
  HistoryFile second(Folder(), "one");
  CHECK(second.Load() == Rows(1));
  second.Add(Rows(1, 9));
  Settle();
  CHECK(fs::file_size(Name(1)) == 64);
  CHECK(HistoryFile(Folder(), "one").Load().size() == 2);
  CHECK_FALSE(fs::exists(Name(1) + ".bad"));
}

TEST_CASE_FIXTURE(Fixture, "a damaged file is set aside, and what is good in it is written anew") {
  WriteDamaged();
  HistoryFile second(Folder(), "one");
  CHECK(second.Load().size() == 2);
  Settle();
  CHECK(fs::exists(Name(1) + ".bad"));
  CHECK(HistoryFile(Folder(), "one").Load().size() == 2);
}

TEST_CASE_FIXTURE(
    Fixture, "a damaged file that cannot be set aside is read at each start, and grows no second copy of its rows") {
  WriteDamaged();
  fs::create_directories(Name(1) + ".bad/in the way");
  for (int i = 0; i < 3; ++i) {
    HistoryFile file(Folder(), "one");
    CHECK(file.Load().size() == 2 + static_cast<size_t>(i));
    file.Add(Rows(1, 4 + static_cast<uint32_t>(i)));
    Settle();
  }
  CHECK(fs::file_size(Name(1)) == 96);
  CHECK(fs::file_size(Name(2)) == 96);
}

TEST_CASE_FIXTURE(Fixture, "files beyond those that are kept, which a disk did not remove, go at the next start") {
  for (int number = 1; number <= 16; ++number) {
    directory.Write("history-one-" + std::to_string(number) + ".bin", ToBytes(Rows(1)));
  }
  CHECK(HistoryFile(Folder(), "one").Load().size() == 13);
  CHECK_FALSE(fs::exists(Name(3)));
  CHECK(fs::exists(Name(4)));
}

TEST_CASE_FIXTURE(Fixture, "what is no file of rows does no harm") {
  directory.Write("history-one-1.bin", std::string(100'000, 'x'));
  directory.Write("history-one-x.bin", "x");
  directory.Write("history-one-99999999999999999999.bin", "x");
  directory.Write("history-one-0.bin", "x");
  fs::create_directory(directory / "history-one-2.bin");
  HistoryFile file(Folder(), "one");
  CHECK(file.Load().empty());
  file.Add(Rows(1));
  Settle();
  CHECK(HistoryFile(Folder(), "one").Load() == Rows(1));
}

TEST_CASE_FIXTURE(Fixture, "rows wait for a disk that takes none, and are written when it does") {
  HistoryFile file(Folder("later"), "one");
  CHECK(file.Load().empty());
  file.Add(Rows(2));
  Settle();
  fs::create_directory(directory / "later");
  file.Add(Rows(1, 3));
  for (int i = 0; i < 100 && !fs::exists(directory / "later/history-one-1.bin"); ++i) Settle();
  Settle();
  CHECK(HistoryFile(Folder("later"), "one").Load() == Rows(3));
}

TEST_CASE_FIXTURE(Fixture, "at the end what waits is asked of the disk, for each file that it belongs to") {
  // Only what fitted into the first file was saved.
  HistoryFile file(Folder(), "one");
  file.Load();
  file.Add(Rows(HistoryFile::kFileRows - 1));
  Settle();
  file.Add(Rows(36, HistoryFile::kFileRows));
  file.SaveAtStop();
  disk.Finish(5s);
  const auto rows = HistoryFile(Folder(), "one").Load();
  CHECK(rows == Rows(HistoryFile::kFileRows + 35));
}

TEST_CASE_FIXTURE(Fixture, "at the end what waits is asked of the disk") {
  HistoryFile file(Folder("later"), "one");
  file.Load();
  file.Add(Rows(2));
  Settle();
  fs::create_directory(directory / "later");
  file.SaveAtStop();
  disk.Finish(5s);
  CHECK(HistoryFile(Folder("later"), "one").Load() == Rows(2));
}
