# Third-party libraries, as INTERFACE targets named cairn::dep_*.
#
# gRPC, Protobuf, Abseil and RocksDB are linked statically where the archives
# exist: a binary that pulls in 57 shared libraries takes about 10 ms to start. Not
# under the thread sanitizer: it can leave out what uninstrumented shared libraries do.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(ZLIB REQUIRED)
find_package(OpenSSL REQUIRED)

if(CAIRN_SANITIZE MATCHES "thread")
  set(CAIRN_LIBRARY_KIND so)
else()
  set(CAIRN_LIBRARY_KIND a)
endif()

# Turns "-lNAME" flags into archive paths where an archive exists.
function(cairn_static_libs out)
  set(result "")
  foreach(flag IN LISTS ARGN)
    if(flag MATCHES "^-l(.+)$")
      set(name ${CMAKE_MATCH_1})
      if(name MATCHES "^(dl|rt|m|pthread|atomic|stdc\\+\\+|c|gcc_s)$")
        list(APPEND result ${flag})
      else()
        find_library(CAIRN_ARCHIVE_${name} NAMES lib${name}.${CAIRN_LIBRARY_KIND})
        if(CAIRN_ARCHIVE_${name})
          list(APPEND result ${CAIRN_ARCHIVE_${name}})
        else()
          list(APPEND result ${flag})
        endif()
        mark_as_advanced(CAIRN_ARCHIVE_${name})
      endif()
    elseif(flag MATCHES "^-Wl,|^-pthread$|^-L")
      # Static archives need no --as-needed bracketing.
    else()
      list(APPEND result ${flag})
    endif()
  endforeach()
  set(${out} ${result} PARENT_SCOPE)
endfunction()

function(cairn_dependency name)
  cmake_parse_arguments(ARG "" "" "LIBS;INCLUDES;DEFINITIONS" ${ARGN})
  add_library(cairn_dep_${name} INTERFACE)
  add_library(cairn::dep_${name} ALIAS cairn_dep_${name})
  cairn_static_libs(libs ${ARG_LIBS})
  target_link_libraries(cairn_dep_${name} INTERFACE ${libs} Threads::Threads)
  target_include_directories(cairn_dep_${name} SYSTEM INTERFACE ${ARG_INCLUDES})
  target_compile_definitions(cairn_dep_${name} INTERFACE ${ARG_DEFINITIONS})
endfunction()

function(cairn_pkg_static out)
  execute_process(COMMAND ${PKG_CONFIG_EXECUTABLE} --static --libs ${ARGN}
    OUTPUT_VARIABLE flags OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  separate_arguments(flags UNIX_COMMAND "${flags}")
  set(${out} ${flags} PARENT_SCOPE)
endfunction()

cairn_pkg_static(CAIRN_ABSL_FLAGS absl_status absl_statusor absl_strings absl_time
  absl_synchronization absl_flat_hash_map absl_flat_hash_set absl_cord)
cairn_dependency(absl LIBS ${CAIRN_ABSL_FLAGS})

cairn_dependency(protobuf LIBS -lprotobuf -lz)

# re2 is named because its archive may need parts of Abseil that grpc++ does not list.
cairn_pkg_static(CAIRN_GRPC_FLAGS grpc++ re2)
cairn_dependency(grpc LIBS -lgrpc++_reflection ${CAIRN_GRPC_FLAGS} -lprotobuf -lz)

cairn_pkg_static(CAIRN_ROCKSDB_FLAGS rocksdb)
cairn_dependency(rocksdb LIBS -lrocksdb ${CAIRN_ROCKSDB_FLAGS} -lsnappy -llz4 -lzstd -lbz2 -lz -ldl)

# What the archive needs in turn differs: Debian 13 builds it with zstd.
cairn_pkg_static(CAIRN_CRYPTO_FLAGS libssl libcrypto)
cairn_dependency(openssl LIBS ${CAIRN_CRYPTO_FLAGS} -ldl)
cairn_dependency(yaml LIBS -lyaml-cpp)
cairn_dependency(zstd LIBS -lzstd)
cairn_dependency(zlib LIBS -lz)
cairn_dependency(expat LIBS -lexpat)
cairn_dependency(fmt DEFINITIONS FMT_HEADER_ONLY=1)
cairn_dependency(json)
set(CAIRN_BOOST_DEFINITIONS BOOST_ERROR_CODE_HEADER_ONLY=1)
if(CAIRN_SANITIZE MATCHES "thread")
  # The thread sanitizer knows no fences; Asio's queues are under mutexes anyway.
  list(APPEND CAIRN_BOOST_DEFINITIONS BOOST_ASIO_DISABLE_FENCED_BLOCK=1)
endif()
cairn_dependency(boost DEFINITIONS ${CAIRN_BOOST_DEFINITIONS})

# The allocator of the server alone. Not under a sanitizer, which brings its own.
if(NOT CAIRN_SANITIZE)
  cairn_dependency(jemalloc LIBS -ljemalloc_pic -lm -ldl)
endif()

find_path(CAIRN_EIGEN_INCLUDE Eigen/Core PATH_SUFFIXES eigen3 REQUIRED)
cairn_dependency(eigen INCLUDES ${CAIRN_EIGEN_INCLUDE} DEFINITIONS EIGEN_MPL2_ONLY=1)
